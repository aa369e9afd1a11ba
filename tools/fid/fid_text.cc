#include "tools/fid/fid_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/version.h"

namespace scgan {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDdof = 1;  // of the covariances

std::string line(const std::string& label, const std::string& text) {
  return fmt::format("{:<12}{}\n", label, text);
}

std::string set_text(const FidSet& set) {
  if (set.images == 0) return fmt::format("{}: statistics", set.path.string());
  return fmt::format("{}: {} images", set.path.string(), set.images);
}

std::string halves_text(const FidSet& set) {
  if (set.half_size == 0) return "too few images";
  return fmt::format("FID {:.6g}, KID {:.6g} between its first and last {} images", set.fid_halves,
                     set.kid_halves, set.half_size);
}

std::string kid_text(const KidResult& kid, int64_t subsets) {
  const std::string all = fmt::format("{:.6g} on all images; ", kid.full);
  if (kid.subset_std) {
    return all + fmt::format(
                     "over {} subsets of {}: mean {:.6g}, standard deviation {:.6g} (not "
                     "an error of the mean)",
                     subsets, kid.subset_size, kid.subset_mean, *kid.subset_std);
  }
  if (subsets == 1) {
    return all + fmt::format("{:.6g} on one subset of {}", kid.subset_mean, kid.subset_size);
  }
  return all + fmt::format(
                   "no standard deviation over subsets, because a subset of {} holds all "
                   "images",
                   kid.subset_size);
}

std::string extractor_text(const FidReport& report) {
  if (report.extractor.empty()) return "none: statistics only";
  return fmt::format("{}, {} features, input {}", report.extractor, report.feature_count,
                     report.preprocessing);
}

Json set_json(const FidSet& set) {
  Json json{{"path", set.path.string()}, {"kind", set.images > 0 ? "images" : "statistics"}};
  if (set.images == 0) return json;
  json["n"] = set.images;
  json["n_16_bit"] = set.images_16bit;
  json["other_files"] = set.skipped.count();
  if (set.half_size > 0) {
    json["halves"] = {{"n", set.half_size}, {"fid", set.fid_halves}, {"kid", set.kid_halves}};
  }
  return json;
}

}  // namespace

std::string to_text(const FidReport& report) {
  std::string text;
  if (report.fid) text += line("FID", fmt::format("{:.6g}", *report.fid));
  if (report.kid) text += line("KID", kid_text(*report.kid, report.kid_subsets));
  text += line("A", set_text(report.a));
  if (report.b) text += line("B", set_text(*report.b));
  if (report.a.images > 0) text += line("within A", halves_text(report.a));
  if (report.b && report.b->images > 0) text += line("within B", halves_text(*report.b));
  text += line("extractor", extractor_text(report));
  if (!report.digest.empty()) text += line("", "SHA-256 " + report.digest);
  text += line("ddof", std::to_string(kDdof));
  if (report.self_check) {
    text +=
        line("self-check",
             fmt::format("{:.10g} by singular values, {:.10g} by eigenvalues: {:.1e} apart",
                         report.self_check->by_singular_values, report.self_check->by_eigenvalues,
                         report.self_check->relative_difference));
  }
  return text;
}

std::string to_json(const FidReport& report) {
  Json json;
  json["fid"] = report.fid ? Json(*report.fid) : Json();
  if (report.kid) {
    json["kid"] = {{"full", report.kid->full},
                   {"subset_mean", report.kid->subset_mean},
                   {"subset_std", report.kid->subset_std ? Json(*report.kid->subset_std) : Json()},
                   {"subsets", report.kid_subsets},
                   {"subset_size", report.kid->subset_size}};
  } else {
    json["kid"] = nullptr;
  }
  json["a"] = set_json(report.a);
  json["b"] = report.b ? set_json(*report.b) : Json();
  json["extractor"] = report.extractor.empty() ? Json()
                                               : Json{{"name", report.extractor},
                                                      {"sha256", report.digest},
                                                      {"preprocessing", report.preprocessing}};
  json["features"] = report.feature_count;
  json["ddof"] = kDdof;
  if (report.self_check) {
    json["self_check"] = {{"by_singular_values", report.self_check->by_singular_values},
                          {"by_eigenvalues", report.self_check->by_eigenvalues},
                          {"relative_difference", report.self_check->relative_difference}};
  }
  json["warnings"] = report.warnings;
  json["version"] = version_text();
  // A file name need not be UTF-8; invalid bytes are replaced.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace scgan
