#pragma once

#include "base/line_file.hpp"
#include "base/log.hpp"
#include "http/exchange.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace http {

struct AccessLogOptions {
  std::string path;  // Empty: none. "-": standard output.
  std::size_t file_bytes_max = 10'000'000;
  int files_max = 5;
};

/// One line of JSON for each request that was answered or refused, and for each client turned away.
///
/// It holds the route's pattern instead of the path, and no query, header or body: those carry ids,
/// places and tokens. The request's id stands there, and a client's traceparent if it is
/// well-formed. Threads: confined to the I/O thread, which never waits for the disk.
class AccessLog {
 public:
  /// Errors: base::Error when the file cannot be opened.
  AccessLog(const AccessLogOptions& options, const base::Log& log);

  /// `is_taken`: the client took the answer; else the line says `"taken":false`.
  void write(const Exchange& exchange, std::string_view address, bool is_taken);

 private:
  std::optional<base::LineFile> file_;
};

/// The line that is written. `took` is from the request's first byte to the answer's last.
[[nodiscard]] std::string access_line(const Exchange& exchange,
                                      std::string_view address,
                                      bool is_taken,
                                      std::chrono::system_clock::time_point at,
                                      std::chrono::steady_clock::duration took);

}  // namespace http
