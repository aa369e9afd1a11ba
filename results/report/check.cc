#include "results/report/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "results/report/json.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

using Json = nlohmann::json;

struct Number {
  // As JSON writes it: all digits.
  std::string text;
  // Digest of the runs that it was computed from; empty for a score.
  std::string runs;
};

// Where a number stands -> the number.
using Numbers = std::map<std::string, Number>;

// The values of `keys`, those that are texts, joined with spaces.
std::string words_of(const Json& object, const std::vector<const char*>& keys) {
  std::string words;
  for (const char* key : keys) {
    words += (words.empty() ? "" : " ") + object.at(key).get<std::string>();
  }
  return words;
}

// "fid", "kid_subset_mean", "fid_untranslated", as in runs.csv.
std::string score_name(const Json& score) {
  std::string name = score.at("metric");
  if (score.at("statistic") != "full") name += "_" + score.at("statistic").get<std::string>();
  if (score.at("subject") != "translated") name += "_" + score.at("subject").get<std::string>();
  return name;
}

std::string model_of(const Json& run) {
  std::string model = run.at("variant");
  for (const auto& [key, value] : run.at("axes").items()) model += " " + key + "=" + value.dump();
  return model;
}

std::string percent(const Json& object) {
  return percentage_text(object.at("percentage").get<double>()) + " %";
}

// A place is used once: further numbers of the same name get what distinguishes them.
void put(Numbers& numbers, const std::string& place, const std::string& distinction,
         const Number& number) {
  std::string full = place;
  if (numbers.contains(full)) full += " (" + distinction + ")";
  for (int i = 2; !numbers.emplace(full, number).second; ++i) {
    full = fmt::format("{} ({}) #{}", place, distinction, i);
  }
}

void add_scores(const Json& run, Numbers& numbers) {
  for (const Json& score : run.at("scores")) {
    const std::string place = fmt::format(
        "{} {} {} {}, {} {}, run {}", run.at("dataset").get<std::string>(), score_name(score),
        score.at("direction").get<std::string>(), score.at("extractor").get<std::string>(),
        model_of(run), percent(run), run.at("id").get<std::string>());
    const std::string distinction =
        fmt::format("extractor {}, {}, step {}, {} and {} images",
                    short_digest(score.at("extractor_digest").get<std::string>()),
                    score.at("preprocessing").get<std::string>(), score.at("step").get<int64_t>(),
                    score.at("n_real").get<int64_t>(), score.at("n_fake").get<int64_t>());
    put(numbers, place, distinction, {score.at("value").dump(), ""});
  }
}

// All numbers inside `json`; objects of a list are named by their percentage.
void add_all(const Json& json, const std::string& place, const std::string& runs,
             Numbers& numbers) {
  if (json.is_number()) return put(numbers, place, "again", {json.dump(), runs});
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      if (key != "percentage") add_all(value, place + ", " + key, runs, numbers);
    }
  } else if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) {
      const bool has_name = json[i].is_object() && json[i].contains("percentage");
      add_all(json[i], place + ", " + (has_name ? percent(json[i]) : std::to_string(i)), runs,
              numbers);
    }
  }
}

// Failed runs count in the tests, and planned ones are mentioned.
std::string runs_of(const Json& cell) {
  std::set<std::string> ids;
  for (const Json& value : cell.at("values")) ids.insert(value.at("run").get<std::string>());
  return sha256_hex(fmt::format("{} {} {}", fmt::join(ids, " "), cell.at("failed").dump(),
                                cell.at("planned").dump()));
}

// The p of a comparison are adjusted for all others, so they depend on every run.
std::string runs_of_all_tables(const Json& report) {
  std::string all;
  for (const Json& table : report.at("tables")) {
    for (const Json& cell : table.at("cells")) all += runs_of(cell);
  }
  return sha256_hex(all);
}

void add_table(const Json& table, const std::string& all_runs, Numbers& numbers) {
  std::string title = words_of(table, {"dataset", "metric", "direction", "extractor"});
  for (const Json& word : table.at("distinctions")) title += ", " + word.get<std::string>();
  for (const Json& cell : table.at("cells")) {
    add_all(cell.at("statistics"),
            fmt::format("{}, {} {}", title, cell.at("label").get<std::string>(), percent(cell)),
            runs_of(cell), numbers);
  }
  for (const Json& each : table.at("comparisons")) {
    add_all(each,
            fmt::format("{}, {} against {}", title, each.at("first").get<std::string>(),
                        each.at("second").get<std::string>()),
            all_runs, numbers);
  }
  for (const Json& each : table.at("untranslated")) {
    add_all(each,
            fmt::format("{}, {} against the untranslated images", title,
                        each.at("model").get<std::string>()),
            all_runs, numbers);
  }
}

Numbers numbers_of(const Json& report) {
  Numbers numbers;
  for (const Json& run : report.at("runs")) add_scores(run, numbers);
  const std::string all_runs = runs_of_all_tables(report);
  for (const Json& table : report.at("tables")) add_table(table, all_runs, numbers);
  return numbers;
}

// Whether the report has statistics of exactly these runs.
std::set<std::string> sets_of_runs(const Numbers& numbers) {
  std::set<std::string> all;
  for (const auto& [place, number] : numbers) all.insert(number.runs);
  return all;
}

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error(ErrorKind::kInvalidSpec,
              fmt::format("{}: {}; expected a report.json that scgan_report --format json wrote",
                          name, why));
}

Numbers read_numbers(const std::string& text, const std::string& name) {
  const Json report = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (report.is_discarded()) refuse(name, "is not JSON");
  if (!report.is_object() || !report.contains("format")) refuse(name, "has no key \"format\"");
  if (report["format"] != kReportFormatVersion) {
    refuse(name, fmt::format("has format {}, and this version reads format {}",
                             report["format"].dump(), kReportFormatVersion));
  }
  try {
    return numbers_of(report);
  } catch (const Json::exception& error) {
    refuse(name, fmt::format("lacks a key or has a value of another type ({})", error.what()));
  }
}

}  // namespace

NumberCheck check_numbers(const std::string& old_report, const std::string& new_report,
                          const std::string& name) {
  const Numbers before = read_numbers(old_report, name);
  const Numbers now = read_numbers(new_report, "the new report");
  const std::set<std::string> comparable = sets_of_runs(now);
  NumberCheck check;
  for (const auto& [place, number] : before) {
    const auto found = now.find(place);
    if (!number.runs.empty() && !comparable.contains(number.runs)) {
      ++check.not_compared;
    } else if (found == now.end()) {
      check.missing.push_back(fmt::format("{}: {} -> none", place, number.text));
    } else if (found->second.text != number.text) {
      check.changed.push_back(fmt::format("{}: {} -> {}", place, number.text, found->second.text));
    } else {
      ++check.equal;
    }
  }
  for (const auto& [place, number] : now) {
    if (!before.contains(place) && number.runs.empty()) {
      check.added.push_back(fmt::format("{}: {}", place, number.text));
    }
  }
  return check;
}

NumberCheck check_numbers(const std::filesystem::path& old_report, const std::string& new_report) {
  std::ifstream file(old_report, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) refuse(old_report.string(), "cannot be read");
  return check_numbers(text, new_report, old_report.string());
}

std::string to_text(const NumberCheck& check) {
  std::string text;
  const auto add = [&](const char* word, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) text += fmt::format("{} {}\n", word, line);
  };
  add("changed:", check.changed);
  add("missing:", check.missing);
  add("new:    ", check.added);
  text += fmt::format("{} numbers equal, {} changed, {} missing, {} new", check.equal,
                      check.changed.size(), check.missing.size(), check.added.size());
  if (check.not_compared > 0) {
    text += fmt::format("; {} statistics not compared, since their runs are others now",
                        check.not_compared);
  }
  return text + "\n";
}

}  // namespace scgan::results
