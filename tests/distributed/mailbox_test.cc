#include "distributed/mailbox.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace scgan::distributed {
namespace {

constexpr auto kLimit = std::chrono::minutes(1);

TEST(MailboxTest, DeliversTextsOfAnySizeToRankZeroAndBack) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const MpiMailbox mailbox;
  const std::string large(300000, 'x');  // beyond what MPI sends eagerly
  std::jthread coordinator;
  if (rank == 0) {
    coordinator = std::jthread([&] {
      for (int i = 0; i < size; ++i) {
        const Mail mail = mailbox.receive(MailTag::kReport, kLimit).value();
        EXPECT_EQ(mail.text, large + std::to_string(mail.from));
        mailbox.send(mail.from, MailTag::kOrder, "run " + std::to_string(mail.from));
      }
    });
  }
  mailbox.send(0, MailTag::kReport, large + std::to_string(rank));
  EXPECT_EQ(mailbox.receive(MailTag::kOrder, kLimit).value().text, "run " + std::to_string(rank));
  EXPECT_FALSE(mailbox.poll(MailTag::kHeartbeat));
}

}  // namespace
}  // namespace scgan::distributed
