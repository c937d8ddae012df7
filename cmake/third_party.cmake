# Everything we stand on, from Debian 12. cpp-httplib has no CMake package: pkg-config knows the
# defines that are part of its ABI.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
find_package(PahoMqttCpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
