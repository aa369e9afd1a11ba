#include "sweeps/run/messages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <type_traits>

#include "core/base/error.h"

namespace scgan::results {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptStart, run_id, hosts, device, ranks, first_step, versions,
                                   reduction)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LossPoint, step, name, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Metric, name, subject, statistic, direction, step, value, n_real,
                                   n_fake, extractor, extractor_digest, preprocessing)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Artifact, path, sha256, kept)

}  // namespace scgan::results

namespace scgan::sweeps {

// A message without content.
template <typename Message>
requires std::is_empty_v<Message>
void to_json(nlohmann::json&, const Message&) {}
template <typename Message>
requires std::is_empty_v<Message>
void from_json(const nlohmann::json&, Message&) {}

namespace report {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptStarted, attempt, total_steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Progress, step, g_loss, d_loss, losses, scores)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Regrouping, step, hosts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptDone, step, input, metrics, artifacts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptFailed, exit_class, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttemptStopped, step)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JoinReady, run)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JoinFailed, run, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobFailed, rank, exit_class, reason)
}  // namespace report

namespace order {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StartRun, run, ranks)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PrepareJoin, run)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Join, ranks)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Regroup, ranks)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StopRun, min_steps)
}  // namespace order

namespace {

template <typename Message, size_t index = 0>
Message parse(size_t kind, const nlohmann::json& body) {
  if constexpr (index < std::variant_size_v<Message>) {
    if (kind != index) return parse<Message, index + 1>(kind, body);
    std::variant_alternative_t<index, Message> value;
    from_json(body, value);
    return value;
  } else {
    throw std::invalid_argument("unknown kind of message");
  }
}

template <typename Message>
std::string text_of(const Message& message) {
  nlohmann::json body = nlohmann::json::object();
  std::visit([&](const auto& value) { to_json(body, value); }, message);
  // A file name in an error text may not be UTF-8: its bytes are replaced.
  return nlohmann::json{{"kind", message.index()}, {"body", body}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <typename Message>
Message message_from(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    return parse<Message>(json.at("kind").get<size_t>(), json.at("body"));
  } catch (const std::exception& problem) {
    throw Error(ErrorKind::kCommunication,
                fmt::format("cannot read a message from another rank: {}", problem.what()));
  }
}

}  // namespace

std::string to_text(const Report& report) { return text_of(report); }
std::string to_text(const Order& order) { return text_of(order); }
Report report_from_text(const std::string& text) { return message_from<Report>(text); }
Order order_from_text(const std::string& text) { return message_from<Order>(text); }

}  // namespace scgan::sweeps
