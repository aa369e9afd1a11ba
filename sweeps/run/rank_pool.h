// RankPool: which ranks are free, which form the group of a run, which prepare to join one.
//
// It only does the bookkeeping: its methods take what happened and return the orders to send, so
// that tests need no ranks. A group lasts as long as its run's attempt; when all of its ranks have
// left the run, they become free together. Its leader, the first of its ranks, identifies it. While
// the run lasts, ranks may join the group, and ranks other than the leader may leave it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sweeps/plan/schedule.h"
#include "sweeps/run/messages.h"

namespace scgan::sweeps {

class RankPool {
 public:
  struct AddressedOrder {
    int rank = 0;
    Order order;
  };
  using Orders = std::vector<AddressedOrder>;  // to be sent in this order

  // All ranks are free; `devices`: by rank.
  explicit RankPool(Devices devices, double worth_joining_seconds = kWorthJoiningSeconds);

  // Lets at most `size` free ranks start `run`; `sizes`: possible ones of its group, by
  // sizes_for(). The first order goes to the leader. Returns no orders if too few ranks are free.
  Orders start_run(int run, const std::vector<int>& sizes, int size);

  struct Candidate {  // a group in training
    int leader = 0;
    std::vector<int> sizes;
    double seconds_left = 0;  // at its present size
  };
  // Lets free ranks prepare to join the groups that gain from it, and ranks leave their groups to
  // join others. A group changes once at a time.
  Orders regroup(const std::vector<Candidate>& candidates);

  // The answers to PrepareJoin; those to a run that has ended are ignored. The leader gets its
  // order when all joining ranks are ready; when one of them fails, none joins, now or later.
  Orders join_ready(int rank, int run);
  Orders join_failed(int rank, int run);
  // The leader lets the ready ranks join, or others leave.
  Orders regrouped(int leader);
  // No rank can join the group any more.
  Orders end_joining(int leader);

  struct Departure {
    // The leader of the group, if this was its last rank.
    std::optional<int> ended;
    Orders orders;
  };
  // The rank has left its run. Throws Error(kCommunication) if it has no run.
  Departure leave_run(int rank);

  bool has_free_ranks() const { return !free_.empty(); }
  int free_rank_count() const;
  // Whether there are no groups.
  bool idle() const { return groups_.empty(); }
  int world_size() const { return static_cast<int>(devices_.size()); }
  const std::vector<int>& ranks(int leader) const { return groups_.at(leader).ranks; }
  const std::string& device(int rank) const { return devices_.at(static_cast<size_t>(rank)); }
  // The leader of the group in which the rank works.
  std::optional<int> leader_of(int rank) const;

 private:
  struct Group {
    int run = 0;
    std::vector<int> ranks;
    int working = 0;          // how many of them have not left the run
    std::set<int> preparing;  // to join, or about to leave other groups for that
    std::set<int> ready;      // to join
    std::set<int> leaving;    // not among `ranks` any more
    bool regroups = false;    // the leader has an order to let them leave
    bool may_be_joined = true;
  };

  bool may_change(const Group& group) const;
  Orders regroup_on(const std::string& device, const std::vector<Candidate>& candidates);
  std::vector<int> let_leave(Group& group, int size, Orders& orders);
  void let_prepare(Group& group, int rank);
  Orders cancel_joins(Group& group);
  Group* group_prepared_by(int rank, int run);
  int free_rank_count(const std::string& device) const;
  void set_free(int rank);
  void set_busy(int rank);

  Devices devices_;
  double worth_joining_seconds_;
  FreeRanks free_;               // no device without free ranks
  std::map<int, Group> groups_;  // by leader
  // By rank: the leader of the group in which it works, and of the one that it prepares to join.
  std::vector<std::optional<int>> leaders_, prepared_;
};

}  // namespace scgan::sweeps
