// The only file that knows libcurl.
#include "http/fetch.hpp"

#include "base/check.hpp"

#include <curl/curl.h>

#include <array>
#include <memory>
#include <utility>

namespace http {
namespace {

struct EndEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct EndUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct EndText {
  void operator()(char* text) const { curl_free(text); }
};

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, EndText> owner{text};
  return text;
}

struct Transfer {
  std::string body;
  std::size_t bytes_max;
  std::stop_token stop;
};

std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.body.size() + count > transfer.bytes_max) return 0;  // Ends it: CURLE_WRITE_ERROR.
  transfer.body.append(bytes, count);
  return count;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  base::check(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl knows the option");
}

void start_libcurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  base::check(started == CURLE_OK, "libcurl starts");
}

}  // namespace

bool is_fetchable(const std::string& url) {
  const std::unique_ptr<CURLU, EndUrl> parsed{curl_url()};
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
  if (!part_of(parsed.get(), CURLUPART_USER).empty()) return false;
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  const std::string host = part_of(parsed.get(), CURLUPART_HOST);
  const bool is_here = host == "127.0.0.1" || host == "localhost" || host == "[::1]";
  return scheme == "https" || (scheme == "http" && is_here);
}

base::Result<std::string, std::string> fetch(const std::string& url,
                                             const std::stop_token& stop,
                                             const FetchLimits& limits) {
  if (!is_fetchable(url)) return base::fail(url + " is neither https nor of this machine");
  start_libcurl();
  const std::unique_ptr<CURL, EndEasy> owner{curl_easy_init()};
  CURL* const easy = owner.get();
  base::check(easy != nullptr, "libcurl has memory");
  Transfer transfer{.body = {}, .bytes_max = limits.bytes, .stop = stop};
  std::array<char, CURL_ERROR_SIZE> why{};

  set(easy, CURLOPT_URL, url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  set(easy, CURLOPT_NOSIGNAL, 1L);  // Time limits without SIGALRM, which is not for threads.
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.time.count()));
  set(easy, CURLOPT_ERRORBUFFER, why.data());
  set(easy, CURLOPT_USERAGENT, "earshot");
  set(easy, CURLOPT_WRITEFUNCTION, on_bytes);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_NOPROGRESS, 0L);
  set(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  set(easy, CURLOPT_XFERINFODATA, &transfer);

  const CURLcode result = curl_easy_perform(easy);
  if (result == CURLE_WRITE_ERROR) {
    return base::fail(url + " sent more than " + std::to_string(limits.bytes) + " bytes");
  }
  if (result != CURLE_OK) {
    return base::fail(url + ": " + (why[0] == '\0' ? curl_easy_strerror(result) : why.data()));
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return base::fail(url + " answered " + std::to_string(status));
  return std::move(transfer.body);
}

}  // namespace http
