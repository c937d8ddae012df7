#include "main/signing_key_file.hpp"

#include "base/error.hpp"
#include "main/embedded/private_file.hpp"

#include <sys/stat.h>

namespace commands {

wire::SigningKey open_signing_key(const std::filesystem::path& path, const base::Log& log) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    wire::SigningKey key = wire::SigningKey::generate();
    embedded::write_private_file(path, key.to_pem());
    log.info("a new key signs the tokens", {{"file", path.string()}});
    return key;
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw base::Error{path.string() +
                      " can be read by others, who could sign tokens with it: " + "chmod 600 it"};
  }
  try {
    return wire::SigningKey::from_pem(embedded::read_small_file(path));
  } catch (const base::Error& error) {
    throw base::Error{path.string() + ": " + error.what()};
  }
}

}  // namespace commands
