#pragma once

#include "base/json.hpp"

#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

namespace spdlog {
class logger;
}

namespace base {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// One line per fact: a sentence and its named values.
///
/// Threads: any. Secrets, tokens and exact positions are never passed to it. Control characters in
/// values are escaped, so a client cannot write lines of its own.
class Log {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, Json>>;

  explicit Log(LogFormat format = LogFormat::kText, LogLevel least = LogLevel::kInfo);

  void debug(std::string_view sentence, Fields fields = {}) const;
  void info(std::string_view sentence, Fields fields = {}) const;
  void warning(std::string_view sentence, Fields fields = {}) const;
  void error(std::string_view sentence, Fields fields = {}) const;

 private:
  void write(LogLevel level, std::string_view sentence, Fields fields) const;

  LogFormat format_;
  std::shared_ptr<spdlog::logger> sink_;  // Standard error, locked per line.
};

}  // namespace base
