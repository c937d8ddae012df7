#include "main/own_database.hpp"

#include "main/embedded/postgres.hpp"
#include "main/embedded/privileges.hpp"

namespace commands {

pg::Connection connect_to_own_database(const Settings& settings, const char* application_name) {
  pg::ConnectionOptions options;
  options.application_name = application_name;
  options.url = settings.database_url;
  if (options.url.empty()) {
    embedded::become_owner_of(settings.data_dir);
    options.url = embedded::postgres_url(settings.data_dir).value_or("");
  }
  if (options.url.empty()) options.url = settings.required_database_url();
  return pg::Connection{options};
}

}  // namespace commands
