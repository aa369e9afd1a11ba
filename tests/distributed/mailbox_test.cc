#include "distributed/mailbox.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace scgan::distributed {
namespace {

TEST(MailboxTest, DeliversTextsOfAnySizeToRankZeroAndBack) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const Mailbox mailbox;
  const std::string large(300000, 'x');  // exceeds what MPI sends eagerly
  std::jthread coordinator;
  if (rank == 0) {
    coordinator = std::jthread([&] {
      for (int i = 0; i < size; ++i) {
        const Mail mail = mailbox.receive(MailTag::kReport);
        EXPECT_EQ(mail.text, large + std::to_string(mail.from));
        mailbox.send(mail.from, MailTag::kOrder, "run " + std::to_string(mail.from));
      }
    });
  }
  mailbox.send(0, MailTag::kReport, large + std::to_string(rank));
  EXPECT_EQ(mailbox.receive(MailTag::kOrder).text, "run " + std::to_string(rank));
  EXPECT_FALSE(mailbox.poll(MailTag::kHeartbeat));
}

}  // namespace
}  // namespace scgan::distributed
