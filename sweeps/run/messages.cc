#include "sweeps/run/messages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace scgan::results {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptStart, run_id, host, device, ranks, first_step, versions,
                                   reduction)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LossPoint, step, name, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Metric, name, direction, step, value, n_real, n_fake, extractor,
                                   extractor_digest, preprocessing)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Artifact, path, sha256)

}  // namespace scgan::results

namespace scgan::sweeps {

void to_json(nlohmann::json&, const NextRun&) {}
void from_json(const nlohmann::json&, NextRun&) {}
void to_json(nlohmann::json&, const Scoring&) {}
void from_json(const nlohmann::json&, Scoring&) {}
void to_json(nlohmann::json&, const GroupLeft&) {}
void from_json(const nlohmann::json&, GroupLeft&) {}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptBegun, attempt, total_steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StepsDone, step, g_loss, d_loss, losses)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptDone, step, metrics, artifacts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptFailed, exit_class, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptStopped, step)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobBroken, rank, exit_class, reason)

namespace {

template <size_t index = 0>
Report parse(size_t kind, const nlohmann::json& body) {
  if constexpr (index < std::variant_size_v<Report>) {
    if (kind != index) return parse<index + 1>(kind, body);
    std::variant_alternative_t<index, Report> value;
    from_json(body, value);
    return value;
  } else {
    throw std::invalid_argument("unknown kind of report");
  }
}

}  // namespace

std::string to_text(const Report& report) {
  nlohmann::json body = nlohmann::json::object();
  std::visit([&](const auto& value) { to_json(body, value); }, report);
  // A file name in an error's text may be no UTF-8: its bytes are replaced rather than refused.
  return nlohmann::json{{"kind", report.index()}, {"body", body}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Report report_from_text(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    return parse(json.at("kind").get<size_t>(), json.at("body"));
  } catch (const std::exception& problem) {
    throw Error(ErrorKind::kCommunication,
                fmt::format("a message of another rank cannot be read: {}", problem.what()));
  }
}

}  // namespace scgan::sweeps
