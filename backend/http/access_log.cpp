#include "http/access_log.hpp"

#include "base/time_text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace http {
namespace {

// By hand, because building a Json costs several times the whole line.
void append_text(std::string& line, std::string_view key, std::string_view text) {
  line.append(",\"").append(key).append("\":");
  if (text.empty()) {
    line.append("null");
    return;
  }
  line.push_back('"');
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      line.append({'\\', letter});
    } else if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", byte);
    } else {
      line.push_back(letter);
    }
  }
  line.push_back('"');
}

}  // namespace

AccessLog::AccessLog(const AccessLogOptions& options, const base::Log& log) {
  if (options.path.empty()) return;
  file_.emplace(base::LineFileOptions{.path = options.path,
                                      .file_bytes_max = options.file_bytes_max,
                                      .files_max = options.files_max},
                log);
}

void AccessLog::write(const Exchange& exchange, std::string_view address, bool is_taken) {
  if (!file_) return;
  file_->add(access_line(exchange,
                         address,
                         is_taken,
                         std::chrono::system_clock::now(),
                         std::chrono::steady_clock::now() - exchange.began));
}

std::string access_line(const Exchange& exchange,
                        std::string_view address,
                        bool is_taken,
                        std::chrono::system_clock::time_point at,
                        std::chrono::steady_clock::duration took) {
  std::string line;
  line.reserve(320);
  line.append("{\"at\":\"").append(base::utc_text(at)).append("\"");
  append_text(line, "method", exchange.method);
  append_text(line, "route", exchange.route);
  fmt::format_to(std::back_inserter(line),
                 ",\"status\":{},\"ms\":{:.3f},\"bytes_in\":{},\"bytes_out\":{}",
                 exchange.status,
                 std::chrono::duration<double, std::milli>(took).count(),
                 exchange.bytes_in,
                 exchange.bytes_out);
  append_text(line, "address", address);
  if (!exchange.request_id.empty()) append_text(line, "request_id", exchange.request_id);
  if (!exchange.traceparent.empty()) append_text(line, "traceparent", exchange.traceparent);
  if (!is_taken) line.append(",\"taken\":false");
  return line.append("}");
}

}  // namespace http
