#include "sweeps/run/rank_pool.h"

#include <fmt/format.h>

#include <algorithm>
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
    : devices_(std::move(devices)),
      worth_joining_seconds_(worth_joining_seconds),
      leaders_(devices_.size()),
      prepared_(devices_.size()) {
  for (int rank = 0; rank < world_size(); ++rank) set_free(rank);
}

void RankPool::set_free(int rank) { free_[device(rank)].insert(rank); }

void RankPool::set_busy(int rank) {
  const auto alike = free_.find(device(rank));
  alike->second.erase(rank);
  if (alike->second.empty()) free_.erase(alike);
}

RankPool::Orders RankPool::start_run(int run, const std::vector<int>& sizes, int size) {
  Orders orders;
  const std::vector<int> ranks = starting_ranks(sizes, free_, size);
  if (ranks.empty()) return orders;
  Group& group = groups_[ranks.front()];
  group.run = run;
  group.ranks = ranks;
  group.working = static_cast<int>(ranks.size());
  for (const int rank : ranks) {
    set_busy(rank);
    leaders_.at(static_cast<size_t>(rank)) = ranks.front();
    orders.push_back({rank, order::StartRun{run, ranks}});
  }
  return orders;
}

RankPool::Orders RankPool::regroup(const std::vector<Candidate>& candidates) {
  std::set<std::string> devices;
  for (const Candidate& candidate : candidates) devices.insert(device(candidate.leader));
  Orders orders;
  for (const std::string& device : devices) append(orders, regroup_on(device, candidates));
  return orders;
}

bool RankPool::may_change(const Group& group) const {
  return group.may_be_joined && group.preparing.empty() && group.ready.empty() &&
         group.leaving.empty() && !group.regroups;
}

RankPool::Orders RankPool::regroup_on(const std::string& device,
                                      const std::vector<Candidate>& candidates) {
  std::vector<Group*> groups;
  std::vector<RunningGroup> running;
  for (const auto& [leader, sizes, seconds_left] : candidates) {
    Group& group = groups_.at(leader);
    if (!may_change(group) || this->device(leader) != device) continue;
    groups.push_back(&group);
    running.push_back({static_cast<int>(group.ranks.size()), sizes, seconds_left});
  }
  const std::vector<int> sizes =
      sizes_after_regrouping(running, free_rank_count(device), worth_joining_seconds_);
  Orders orders;
  std::vector<int> leaving;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (sizes[i] >= running[i].size) continue;
    for (const int rank : let_leave(*groups[i], sizes[i], orders)) leaving.push_back(rank);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    int more = sizes[i] - running[i].size;
    if (more <= 0) continue;
    const int idle = std::min(more, free_rank_count(device));
    for (const int rank : idle == 0 ? std::vector<int>() : choose_ranks(free_.at(device), idle)) {
      set_busy(rank);
      let_prepare(*groups[i], rank);
      orders.push_back({rank, order::PrepareJoin{groups[i]->run}});
    }
    for (more -= idle; more > 0; --more) {
      let_prepare(*groups[i], leaving.back());
      leaving.pop_back();
    }
  }
  return orders;
}

std::vector<int> RankPool::let_leave(Group& group, int size, Orders& orders) {
  const std::vector<int> leaving(group.ranks.begin() + size, group.ranks.end());
  group.ranks.resize(static_cast<size_t>(size));
  group.working -= static_cast<int>(leaving.size());
  group.leaving.insert(leaving.begin(), leaving.end());
  group.regroups = true;
  orders.push_back({group.ranks.front(), order::Regroup{group.ranks}});
  return leaving;
}

void RankPool::let_prepare(Group& group, int rank) {
  group.preparing.insert(rank);
  prepared_.at(static_cast<size_t>(rank)) = group.ranks.front();
}

RankPool::Group* RankPool::group_prepared_by(int rank, int run) {
  const auto leader = prepared_.at(static_cast<size_t>(rank));
  if (!leader) return nullptr;
  Group& group = groups_.at(*leader);
  return group.run == run && group.preparing.contains(rank) ? &group : nullptr;
}

RankPool::Orders RankPool::join_ready(int rank, int run) {
  Group* group = group_prepared_by(rank, run);
  if (group == nullptr) return {};
  group->ready.insert(group->preparing.extract(rank));
  if (!group->preparing.empty()) return {};
  std::vector<int> ranks = group->ranks;
  ranks.insert(ranks.end(), group->ready.begin(), group->ready.end());
  return {{group->ranks.front(), order::Regroup{std::move(ranks)}}};
}

RankPool::Orders RankPool::join_failed(int rank, int run) {
  Group* group = group_prepared_by(rank, run);
  if (group == nullptr) return {};
  group->may_be_joined = false;
  group->preparing.erase(rank);
  prepared_.at(static_cast<size_t>(rank)).reset();
  set_free(rank);
  return cancel_joins(*group);
}

RankPool::Orders RankPool::regrouped(int leader) {
  Group& group = groups_.at(leader);
  group.regroups = false;
  const std::set<int> joining = std::exchange(group.ready, {});
  group.ranks.insert(group.ranks.end(), joining.begin(), joining.end());
  group.working += static_cast<int>(joining.size());
  Orders orders;
  for (const int rank : joining) {
    prepared_.at(static_cast<size_t>(rank)).reset();
    leaders_.at(static_cast<size_t>(rank)) = leader;
    orders.push_back({rank, order::Join{group.ranks}});
  }
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
    prepared_.at(static_cast<size_t>(rank)).reset();
    if (leader_of(rank)) continue;  // has not left its own group
    set_free(rank);
    orders.push_back({rank, order::CancelJoin{}});
  }
  return orders;
}

int RankPool::free_rank_count() const {
  size_t count = 0;
  for (const auto& [device, ranks] : free_) count += ranks.size();
  return static_cast<int>(count);
}

int RankPool::free_rank_count(const std::string& device) const {
  const auto ranks = free_.find(device);
  return ranks == free_.end() ? 0 : static_cast<int>(ranks->second.size());
}

std::optional<int> RankPool::leader_of(int rank) const {
  return leaders_.at(static_cast<size_t>(rank));
}

RankPool::Departure RankPool::leave_run(int rank) {
  const auto leader = leader_of(rank);
  if (!leader) {
    throw Error(ErrorKind::kCommunication,
                fmt::format("rank {} left a run that it did not have", rank));
  }
  leaders_.at(static_cast<size_t>(rank)).reset();
  Group& group = groups_.at(*leader);
  Departure departure;
  if (group.leaving.erase(rank) == 0) {
    --group.working;
  } else if (const auto next = prepared_.at(static_cast<size_t>(rank))) {
    departure.orders.push_back({rank, order::PrepareJoin{groups_.at(*next).run}});
  } else {
    set_free(rank);
  }
  if (group.working > 0 || !group.leaving.empty()) return departure;
  for (const int each : group.ranks) set_free(each);
  groups_.erase(*leader);
  departure.ended = leader;
  return departure;
}

}  // namespace scgan::sweeps
