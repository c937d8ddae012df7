#pragma once

#include "main/settings.hpp"
#include "pg/connection.hpp"

namespace commands {

/// A connection for a command that is over soon: to EARSHOT_DATABASE_URL, or to the embedded
/// database of --data-dir.
///
/// Errors: base::Error that says what to set.
[[nodiscard]] pg::Connection connect_to_own_database(const Settings& settings,
                                                     const char* application_name);

}  // namespace commands
