#pragma once

#include <filesystem>

namespace embedded {

/// Lifts the soft limit of open files to the hard one, for this process and its children.
void raise_open_files_limit() noexcept;

/// Where the process runs as root: makes `data_dir` and becomes its owner, for ever, with all its
/// threads. A new or empty directory is given to `postgres`, the user of Debian's package.
///
/// PostgreSQL refuses root, and Mosquitto gives it up on its own and then cannot read its files;
/// so everything runs as one ordinary user. For an ordinary caller nothing changes, but that the
/// way to `data_dir` is checked as well.
///
/// `data_dir` is absolute: the new user may not be able to enter the working directory.
/// Errors: base::Error with one line that says what to do. Afterwards the caller has to exit: the
///         process may already be the other user.
void drop_privileges(const std::filesystem::path& data_dir);

/// Where the process runs as root: becomes the owner of `path`, for ever. For commands that look at
/// or change what a service keeps, and must not leave files that it cannot read.
void become_owner_of(const std::filesystem::path& path);

}  // namespace embedded
