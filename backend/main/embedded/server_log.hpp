#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace embedded {

/// The end of a server's log on one line; where one of its lines is known to be the cause, only
/// that one, and what to do.
[[nodiscard]] std::string last_words(const std::filesystem::path& log_file, std::size_t lines);

/// Moves what is in a log of more than `bytes_max` to `<log_file>.1`, in place of what was there.
///
/// The server goes on writing to the same file, which it has to have opened for appending: it
/// needs nobody who reads from it, so its last words arrive also when we are killed or stopped.
/// Where there is no room for the copy, the old lines are given up.
/// Limits: what the server writes in the microseconds between the copy and the cut is lost.
void cut_log(const std::filesystem::path& log_file, std::uintmax_t bytes_max);

}  // namespace embedded
