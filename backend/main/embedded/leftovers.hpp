#pragma once

#include "base/child_process.hpp"
#include "base/log.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string_view>
#include <vector>

namespace embedded {

/// Processes that run the program `program` with `folder` as their working directory.
///
/// This is the proof that a process is ours: a pid file may name a process that got the number
/// later, but nothing else runs this program inside this folder, which is locked and private.
[[nodiscard]] std::vector<pid_t> processes_in(const std::filesystem::path& folder,
                                              std::string_view program);

/// Stops what a killed `earshot up` left running in `folder`: the oldest by `steps`, what is left
/// after it by SIGKILL.
///
/// Limits: the sum of `steps`, and a second for each killed process.
/// Errors: base::Error when one of them cannot be stopped.
void stop_leftovers(const std::filesystem::path& folder,
                    std::string_view program,
                    const std::vector<base::StopStep>& steps,
                    const base::Log& log);

/// SIGKILL for each of them, without waiting.
void kill_leftovers(const std::filesystem::path& folder, std::string_view program);

}  // namespace embedded
