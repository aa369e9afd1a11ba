// What the finished runs of a report have in common, and where they differ: for sentences.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "results/report/summary.h"

namespace scgan::results {

class RunFacts {
 public:
  // `summary` must outlive this object.
  explicit RunFacts(const Summary& summary);

  const std::vector<const StoredRun*>& runs() const { return runs_; }
  // Each different spec once, in the order of the plan.
  const std::vector<const SharedSpec*>& specs() const { return specs_; }

  // The different values of a key among the specs in which it acts: texts without quotation marks.
  std::set<std::string> values(const std::string& key) const;
  // Whether it has this value in every spec.
  bool is(const std::string& key, const std::string& value) const;
  // "8", "8 or 16", "8, 16 or 32"; of many numbers "1 to 100". Empty if it acts nowhere.
  std::string phrase(const std::string& key) const;
  // Of the versions that attempts recorded: "2.11.0"; empty if none did, "none" left out.
  std::string version(const std::string& name) const;

 private:
  std::vector<const StoredRun*> runs_;
  std::vector<const SharedSpec*> specs_;
  std::map<std::string, std::set<std::string>> versions_;
};

// The value of a key that acts in the run; empty if it does not.
std::string acting_value(const SharedSpec& spec, const std::string& key);

// "a", "a and b", "a, b and c".
std::string joined(const std::vector<std::string>& words, const std::string& last = "and");

// The same for the texts of values, in the order of their numbers; of more than `most` numbers
// "1 to 100".
std::string joined(const std::set<std::string>& values, const std::string& last, size_t most = 4);

}  // namespace scgan::results
