#include "distributed/mpi_comm.h"

#include <fmt/format.h>

#include <array>

#include "core/base/error.h"

namespace scgan::distributed {

void check_mpi(int status, const char* operation, std::source_location where) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(status, text.data(), &length);
  int rank = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  throw Error(ErrorKind::kCommunication,
              fmt::format("{} failed on rank {}: {}", operation, rank, text.data()), where);
}

MpiComm duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(comm, &copy), "MPI_Comm_dup");
  MpiComm owned(copy);
  check_mpi(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return owned;
}

MpiComm group_of(MPI_Comm comm, const std::vector<int>& members) {
  constexpr int kTag = 0;  // groups created at the same time have no rank in common
  MPI_Group all = MPI_GROUP_NULL;
  check_mpi(MPI_Comm_group(comm, &all), "MPI_Comm_group");
  const MpiGroup owned_all(all);
  MPI_Group some = MPI_GROUP_NULL;
  check_mpi(MPI_Group_incl(all, static_cast<int>(members.size()), members.data(), &some),
            "MPI_Group_incl");
  const MpiGroup owned_some(some);
  MPI_Comm made = MPI_COMM_NULL;
  check_mpi(MPI_Comm_create_group(comm, some, kTag, &made), "MPI_Comm_create_group");
  MpiComm owned(made);
  check_mpi(MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return owned;
}

}  // namespace scgan::distributed
