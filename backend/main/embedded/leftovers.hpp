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

/// Stops what a killed `earshot up` left running in `folder`, oldest first.
///
/// Limits: for each process the sum of `steps`, and a second for SIGKILL.
/// Errors: base::Error when one of them cannot be stopped.
void stop_leftovers(const std::filesystem::path& folder,
                    std::string_view program,
                    const std::vector<base::StopStep>& steps,
                    const base::Log& log);

}  // namespace embedded
