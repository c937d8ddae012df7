#include "base/log.hpp"

#include "base/time_text.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>

namespace base {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_word(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string json_line(LogLevel level, std::string_view sentence, Log::Fields fields) {
  Json line{{"at", utc_text(std::chrono::system_clock::now())},
            {"level", level_word(level)},
            {"message", sentence}};
  for (const auto& [key, value] : fields) line[std::string{key}] = value;
  return to_text(line);
}

std::string text_line(LogLevel level, std::string_view sentence, Log::Fields fields) {
  std::string line = utc_text(std::chrono::system_clock::now());
  line.append(" ").append(level_word(level)).append("  ").append(sentence);
  for (const auto& [key, value] : fields) {
    // Dumped as JSON, a value with spaces, quotes or control characters stays on its line.
    line.append("  ").append(key).append("=").append(to_text(value));
  }
  return line;
}

}  // namespace

Log::Log(LogFormat format, LogLevel least)
    : format_{format},
      sink_{std::make_shared<spdlog::logger>("earshot",
                                             std::make_shared<spdlog::sinks::stderr_sink_mt>())} {
  sink_->set_pattern("%v");
  sink_->set_level(spdlog_level(least));
  sink_->flush_on(spdlog::level::debug);
}

void Log::debug(std::string_view sentence, Fields fields) const {
  write(LogLevel::kDebug, sentence, fields);
}
void Log::info(std::string_view sentence, Fields fields) const {
  write(LogLevel::kInfo, sentence, fields);
}
void Log::warning(std::string_view sentence, Fields fields) const {
  write(LogLevel::kWarning, sentence, fields);
}
void Log::error(std::string_view sentence, Fields fields) const {
  write(LogLevel::kError, sentence, fields);
}

void Log::write(LogLevel level, std::string_view sentence, Fields fields) const {
  if (!sink_->should_log(spdlog_level(level))) return;
  const std::string line = format_ == LogFormat::kJson ? json_line(level, sentence, fields)
                                                       : text_line(level, sentence, fields);
  sink_->log(spdlog_level(level), spdlog::string_view_t{line});
}

}  // namespace base
