#include "sweeps/run/rank_pool.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

void append(RankPool::Orders& orders, RankPool::Orders more) {
  orders.insert(orders.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

}  // namespace

RankPool::RankPool(Devices devices, double worth_joining_seconds)
    : devices_(std::move(devices)), worth_joining_seconds_(worth_joining_seconds) {
  for (int rank = 0; rank < world_size(); ++rank) free_.insert(rank);
}

RankPool::Orders RankPool::start_run(int run, const std::vector<int>& sizes, int waiting) {
  Orders orders;
  const std::vector<int> ranks = starting_ranks(sizes, free_, waiting, devices_);
  if (ranks.empty()) return orders;
  Group& group = groups_[ranks.front()];
  group.run = run;
  group.ranks = ranks;
  for (const int rank : ranks) {
    free_.erase(rank);
    group.working.insert(rank);
    orders.push_back({rank, order::StartRun{run, ranks}});
  }
  return orders;
}

RankPool::Orders RankPool::prepare_joins(const std::vector<Candidate>& candidates) {
  std::set<int> seen;  // one free rank of each device
  for (const int rank : free_) {
    if (ranks_alike(seen, rank, devices_).empty()) seen.insert(rank);
  }
  Orders orders;
  for (const int rank : seen) append(orders, prepare_joins_on_device_of(rank, candidates));
  return orders;
}

// Considers only groups and free ranks on the device of `rank`.
RankPool::Orders RankPool::prepare_joins_on_device_of(int rank,
                                                      const std::vector<Candidate>& candidates) {
  std::vector<Group*> able;
  std::vector<RunningGroup> running;
  for (const auto& [leader, sizes, seconds_left] : candidates) {
    Group& group = groups_.at(leader);
    const bool being_joined = !group.preparing.empty() || !group.ready.empty();
    if (being_joined || !group.may_be_joined) continue;
    if (ranks_alike({leader}, rank, devices_).empty()) continue;
    able.push_back(&group);
    running.push_back({static_cast<int>(group.ranks.size()), sizes, seconds_left});
  }
  Orders orders;
  const auto alike = static_cast<int>(ranks_alike(free_, rank, devices_).size());
  const auto sizes = sizes_after_joining(running, alike, worth_joining_seconds_);
  for (size_t i = 0; i < able.size(); ++i) {
    const std::set<int> free = ranks_alike(free_, rank, devices_);
    for (const int joining : choose_ranks(free, sizes[i] - running[i].size)) {
      free_.erase(joining);
      able[i]->preparing.insert(joining);
      orders.push_back({joining, order::PrepareJoin{able[i]->run}});
    }
  }
  return orders;
}

RankPool::Group* RankPool::group_prepared_by(int rank, int run) {
  for (auto& [leader, group] : groups_) {
    if (group.run == run && group.preparing.contains(rank)) return &group;
  }
  return nullptr;
}

RankPool::Orders RankPool::join_ready(int rank, int run) {
  Group* group = group_prepared_by(rank, run);
  if (group == nullptr) return {};
  group->ready.insert(group->preparing.extract(rank));
  if (!group->preparing.empty()) return {};
  std::vector<int> ranks = group->ranks;
  ranks.insert(ranks.end(), group->ready.begin(), group->ready.end());
  return {{group->ranks.front(), order::AcceptJoin{std::move(ranks)}}};
}

RankPool::Orders RankPool::join_failed(int rank, int run) {
  Group* group = group_prepared_by(rank, run);
  if (group == nullptr) return {};
  group->may_be_joined = false;
  group->preparing.erase(rank);
  free_.insert(rank);
  return cancel_joins(*group);
}

RankPool::Orders RankPool::join(int leader) {
  Group& group = groups_.at(leader);
  const std::set<int> joining = std::exchange(group.ready, {});
  group.ranks.insert(group.ranks.end(), joining.begin(), joining.end());
  group.working.insert(joining.begin(), joining.end());
  Orders orders;
  for (const int rank : joining) orders.push_back({rank, order::Join{group.ranks}});
  return orders;
}

RankPool::Orders RankPool::end_joining(int leader) {
  Group& group = groups_.at(leader);
  group.may_be_joined = false;
  return cancel_joins(group);
}

// Their answers to PrepareJoin may still arrive.
RankPool::Orders RankPool::cancel_joins(Group& group) {
  std::set<int> joining = std::exchange(group.ready, {});
  joining.merge(group.preparing);
  group.preparing.clear();
  Orders orders;
  for (const int rank : joining) {
    free_.insert(rank);
    orders.push_back({rank, order::CancelJoin{}});
  }
  return orders;
}

std::optional<int> RankPool::leader_of(int rank) const {
  for (const auto& [leader, group] : groups_) {
    if (group.working.contains(rank)) return leader;
  }
  return std::nullopt;
}

std::optional<int> RankPool::leave_run(int rank) {
  const auto leader = leader_of(rank);
  if (!leader) {
    throw Error(ErrorKind::kCommunication,
                fmt::format("rank {} left a run that it did not have", rank));
  }
  Group& group = groups_.at(*leader);
  group.working.erase(rank);
  if (!group.working.empty()) return std::nullopt;
  free_.insert(group.ranks.begin(), group.ranks.end());
  groups_.erase(*leader);
  return leader;
}

}  // namespace scgan::sweeps
