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

RankPool::Orders RankPool::prepare_joins(const std::vector<Candidate>& candidates) {
  std::vector<std::string> with_free;
  for (const auto& [device, ranks] : free_) with_free.push_back(device);
  Orders orders;
  for (const std::string& device : with_free) {
    append(orders, prepare_joins_on(device, candidates));
  }
  return orders;
}

RankPool::Orders RankPool::prepare_joins_on(const std::string& device,
                                            const std::vector<Candidate>& candidates) {
  std::vector<Group*> able;
  std::vector<RunningGroup> running;
  for (const auto& [leader, sizes, seconds_left] : candidates) {
    Group& group = groups_.at(leader);
    const bool being_joined = !group.preparing.empty() || !group.ready.empty();
    if (being_joined || !group.may_be_joined || this->device(leader) != device) continue;
    able.push_back(&group);
    running.push_back({static_cast<int>(group.ranks.size()), sizes, seconds_left});
  }
  Orders orders;
  const auto free = static_cast<int>(free_.at(device).size());
  const auto sizes = sizes_after_joining(running, free, worth_joining_seconds_);
  for (size_t i = 0; i < able.size(); ++i) {
    const int more = sizes[i] - running[i].size;
    if (more == 0) continue;
    for (const int joining : choose_ranks(free_.at(device), more)) {
      set_busy(joining);
      able[i]->preparing.insert(joining);
      prepared_.at(static_cast<size_t>(joining)) = able[i]->ranks.front();
      orders.push_back({joining, order::PrepareJoin{able[i]->run}});
    }
  }
  return orders;
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
  return {{group->ranks.front(), order::AcceptJoin{std::move(ranks)}}};
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

RankPool::Orders RankPool::join(int leader) {
  Group& group = groups_.at(leader);
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

std::optional<int> RankPool::leader_of(int rank) const {
  return leaders_.at(static_cast<size_t>(rank));
}

std::optional<int> RankPool::leave_run(int rank) {
  const auto leader = leader_of(rank);
  if (!leader) {
    throw Error(ErrorKind::kCommunication,
                fmt::format("rank {} left a run that it did not have", rank));
  }
  leaders_.at(static_cast<size_t>(rank)).reset();
  Group& group = groups_.at(*leader);
  if (--group.working > 0) return std::nullopt;
  for (const int each : group.ranks) set_free(each);
  groups_.erase(*leader);
  return leader;
}

}  // namespace scgan::sweeps
