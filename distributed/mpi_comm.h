// Owned MPI communicators and checked MPI calls.
#pragma once

#include <mpi.h>

#include <source_location>
#include <vector>

#include "core/base/unique_handle.h"

namespace scgan::distributed {

struct MpiCommTraits {
  using Handle = MPI_Comm;
  static Handle null() noexcept { return MPI_COMM_NULL; }
  // Collective: all ranks of the communicator leave scope together.
  static void close(Handle comm) noexcept { MPI_Comm_free(&comm); }
};
using MpiComm = UniqueHandle<MpiCommTraits>;

struct MpiGroupTraits {
  using Handle = MPI_Group;
  static Handle null() noexcept { return MPI_GROUP_NULL; }
  static void close(Handle group) noexcept { MPI_Group_free(&group); }
};
using MpiGroup = UniqueHandle<MpiGroupTraits>;

// Throws Error(kCommunication) with the operation's name and MPI's text unless `status` is
// MPI_SUCCESS.
void check_mpi(int status, const char* operation,
               std::source_location where = std::source_location::current());

// Duplicates `comm`; errors of the duplicate are returned, not fatal. Collective.
MpiComm duplicate(MPI_Comm comm);

// A communicator of the ranks `members` of `comm`, in this order; its errors are returned, not
// fatal. Collective over the members alone.
MpiComm group_of(MPI_Comm comm, const std::vector<int>& members);

}  // namespace scgan::distributed
