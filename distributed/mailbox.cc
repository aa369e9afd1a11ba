#include "distributed/mailbox.h"

#include <chrono>
#include <thread>

namespace scgan::distributed {
namespace {

constexpr auto kMailboxPollInterval = std::chrono::milliseconds(5);

}  // namespace

MpiMailbox::MpiMailbox() : comm_(duplicate(MPI_COMM_WORLD)) {}

void MpiMailbox::send(int to, MailTag tag, const std::string& text) const {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Isend(text.data(), static_cast<int>(text.size()), MPI_CHAR, to,
                      static_cast<int>(tag), comm_.get(), &request),
            "MPI_Isend");
  for (int done = 0;;) {
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) return;
    std::this_thread::sleep_for(kMailboxPollInterval);
  }
}

std::optional<Mail> MpiMailbox::poll(MailTag tag) const {
  int arrived = 0;
  MPI_Message message = MPI_MESSAGE_NULL;
  MPI_Status status{};
  check_mpi(
      MPI_Improbe(MPI_ANY_SOURCE, static_cast<int>(tag), comm_.get(), &arrived, &message, &status),
      "MPI_Improbe");
  if (arrived == 0) return std::nullopt;
  int length = 0;
  check_mpi(MPI_Get_count(&status, MPI_CHAR, &length), "MPI_Get_count");
  Mail mail{status.MPI_SOURCE, std::string(static_cast<size_t>(length), '\0')};
  check_mpi(MPI_Mrecv(mail.text.data(), length, MPI_CHAR, &message, MPI_STATUS_IGNORE),
            "MPI_Mrecv");
  return mail;
}

std::optional<Mail> Mailbox::receive(MailTag tag, std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (auto mail = poll(tag)) return mail;
    if (std::chrono::steady_clock::now() >= end) return std::nullopt;
    std::this_thread::sleep_for(kMailboxPollInterval);
  }
}

}  // namespace scgan::distributed
