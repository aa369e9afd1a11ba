#include "sweeps/run/run_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "fake_mailbox.h"

namespace scgan::sweeps {
namespace {

using testing::ElementsAre;

class RunControlTest : public testing::Test {
 protected:
  void order(const Order& order) {
    coordinator_.send(1, distributed::MailTag::kOrder, to_text(order));
  }

  PostOffice office_;
  FakeMailbox coordinator_{office_, 0}, mailbox_{office_, 1};
  bool signalled_ = false;
  RunControl control_{mailbox_, [this] { return signalled_; }};
};

TEST_F(RunControlTest, ASignalStopsEveryRankAtTheNextBoundary) {
  control_.begin_run(/*leading=*/false);
  EXPECT_FALSE(control_.stop_asked());
  signalled_ = true;
  EXPECT_TRUE(control_.stop_asked());
  control_.begin_run(false);
  EXPECT_TRUE(control_.stop_asked()) << "before the first step of the next run, too";
}

TEST_F(RunControlTest, AnOrderStopsALeaderAfterTheStepsThatAreOwed) {
  for (const int64_t owed : {0, 2}) {
    control_.begin_run(true);
    order(order::StopRun{owed});
    for (int64_t step = 0; step < owed; ++step) EXPECT_FALSE(control_.stop_asked()) << step;
    EXPECT_TRUE(control_.stop_asked()) << owed;
  }
  control_.begin_run(true);
  EXPECT_FALSE(control_.stop_asked()) << "the order was for the run before";
}

TEST_F(RunControlTest, StepsBeforeTheOrderCount) {
  control_.begin_run(true);
  EXPECT_FALSE(control_.stop_asked());
  order(order::StopRun{1});
  EXPECT_TRUE(control_.stop_asked());
}

TEST_F(RunControlTest, JoiningRanksAreTakenOnce) {
  control_.begin_run(true);
  EXPECT_FALSE(control_.regroup_requested());
  order(order::Regroup{{1, 0}});
  EXPECT_FALSE(control_.stop_asked());
  EXPECT_TRUE(control_.regroup_requested());
  EXPECT_THAT(control_.take_ranks(), ElementsAre(1, 0));
  EXPECT_FALSE(control_.regroup_requested());
}

TEST_F(RunControlTest, OnlyALeaderReadsOrders) {
  control_.begin_run(false);
  order(order::Exit{});
  EXPECT_FALSE(control_.stop_asked());
  control_.begin_run(true);
  EXPECT_THROW(control_.stop_asked(), Error) << "a run cannot follow it";
}

}  // namespace
}  // namespace scgan::sweeps
