// RankPool: which ranks are free, which form the group of a run, which prepare to join one. Pure
// bookkeeping: it is told what happened and answers with orders, so that it can be tested without
// ranks.
//
// A group lasts as long as its run's attempt; when the part of each of its ranks is over, all are
// free again. It is known by its leader, the first of its ranks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sweeps/plan/schedule.h"
#include "sweeps/run/messages.h"

namespace scgan::sweeps {

class RankPool {
 public:
  struct Addressed {
    int rank = 0;
    Order order;
  };
  using Orders = std::vector<Addressed>;  // to be sent in this order

  // All ranks are free; `devices`: by rank.
  explicit RankPool(Devices devices, double worth_joining_seconds = kWorthJoiningSeconds);

  // Free ranks begin `run`, the next of `waiting`; its `sizes` by sizes_for(). No orders: it has to
  // wait. The leader is the first rank that is addressed.
  Orders begin(int run, const std::vector<int>& sizes, int waiting);

  struct Candidate {  // a group in training
    int leader = 0;
    std::vector<int> sizes;
    double seconds_left = 0;  // at its present size
  };
  // Free ranks prepare to join those that gain from it and are not being joined already.
  Orders prepare_joins(const std::vector<Candidate>& candidates);

  // Answers to Prepare; late ones, to a run that is over, do nothing. When all are ready the leader
  // is told; when one cannot join, none does, now or later.
  Orders ready(int rank, int run);
  Orders cannot_join(int rank, int run);
  // The leader takes the ranks in that are ready.
  Orders join(int leader);
  // Nobody can join the group any more.
  Orders end_joining(int leader);

  // The rank's part is over. Gives the leader of a group that was thereby dissolved. Throws
  // Error(kCommunication) for a rank that had none.
  std::optional<int> part_over(int rank);

  // No group is left.
  bool idle() const { return groups_.empty(); }
  int world_size() const { return static_cast<int>(devices_.size()); }
  const std::vector<int>& ranks(int leader) const { return groups_.at(leader).ranks; }
  // The leader of the group in which the rank has a part.
  std::optional<int> leader_of(int rank) const;

 private:
  struct Group {
    int run = 0;
    std::vector<int> ranks;
    std::set<int> at_work;    // of the ranks: those whose part is not over
    std::set<int> preparing;  // to join
    std::set<int> ready;      // to join; when all are, the leader is told
    bool may_be_joined = true;
  };

  Orders prepare_joins_of_alike(int rank, const std::vector<Candidate>& candidates);
  Orders dismiss_joining(Group& group);
  Group* group_of_preparing(int rank, int run);

  Devices devices_;
  double worth_joining_seconds_;
  std::set<int> free_;
  std::map<int, Group> groups_;  // by leader
};

}  // namespace scgan::sweeps
