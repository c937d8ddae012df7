# Everything we stand on, from Debian 12.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(valijson REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
find_package(Boost 1.74 REQUIRED) # Asio, which is headers only.
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
if(EARSHOT_TESTS)
  # A client that did not grow up with our server. Its pkg-config flags are part of its ABI.
  pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
endif()
