#pragma once

#include "base/file_descriptor.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace base {

struct LineFileOptions {
  std::string path;                         // "-": standard output, never rotated.
  std::size_t file_bytes_max = 10'000'000;  // Then it becomes `path`.1 and a new one begins.
  int files_max = 5;                        // With the new one; the oldest is removed.
  std::size_t waiting_bytes_max = 4 * 1024 * 1024;  // Lines in memory; what is more is dropped.
};

/// A file of lines, written by a thread of its own, so that nobody who adds one waits for a disk.
///
/// Lines gather for a tenth of a second and are written together: a kill loses so many. What cannot
/// be written (disk full, more lines than the disk takes) is dropped and counted, and the log says
/// when that begins and when it is over.
/// Threads: any may add.
class LineFile {
 public:
  /// Errors: base::Error when the file cannot be opened. Others than the owner cannot read it.
  LineFile(LineFileOptions options, const Log& log);
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  /// Writes what waits.
  ~LineFile() = default;

  /// `line` has no line break; one is put behind it.
  void add(std::string_view line);

 private:
  struct Waiting {
    std::string lines;
    std::uint64_t dropped = 0;
  };

  void run(const std::stop_token& stop);
  void write_waiting();
  /// Returns what could not be written.
  [[nodiscard]] std::string_view write(std::string_view lines);
  [[nodiscard]] bool is_standard_output() const { return options_.path == "-"; }
  void open();
  void rotate();
  void report(std::uint64_t dropped, int error);

  LineFileOptions options_;
  const Log& log_;
  Guarded<Waiting> waiting_;
  WakeSignal has_lines_;

  // The thread's own.
  FileDescriptor file_;
  std::size_t file_bytes_ = 0;
  bool is_line_open_ = false;     // Of the last line only a part could be written.
  std::uint64_t lines_lost_ = 0;  // Since writing last went well.

  std::jthread thread_;
};

}  // namespace base
