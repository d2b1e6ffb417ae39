// Errors carry the kind of Python exception they become at the boundary.
#pragma once

#include <cstdint>
#include <exception>
#include <sstream>
#include <string>
#include <utility>

namespace kajo {

enum class ErrorKind : int8_t {
    Runtime,
    Type,
    Value,
    Index,
    ZeroDivision,
    NotImplemented,
    Buffer,
    LinAlg,
    Overflow,
    Assertion,
};

class Error : public std::exception {
  public:
    Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
    const char* what() const noexcept override { return message_.c_str(); }
    ErrorKind kind() const noexcept { return kind_; }

  private:
    ErrorKind kind_;
    std::string message_;
};

// The parts are streamed one after the other: raise(ErrorKind::Index, "narrow(): start ", start,
// ...).
template <class... Parts>
[[noreturn]] void raise(ErrorKind kind, const Parts&... parts) {
    std::ostringstream text;
    text << std::boolalpha;
    (text << ... << parts);
    throw Error(kind, std::move(text).str());
}

// Refuses with RuntimeError unless `ok`; the message is only put together on failure.
template <class... Parts>
inline void check(bool ok, const Parts&... parts) {
    if (!ok) [[unlikely]]
        raise(ErrorKind::Runtime, parts...);
}
template <class... Parts>
inline void check_type(bool ok, const Parts&... parts) {
    if (!ok) [[unlikely]]
        raise(ErrorKind::Type, parts...);
}
template <class... Parts>
inline void check_value(bool ok, const Parts&... parts) {
    if (!ok) [[unlikely]]
        raise(ErrorKind::Value, parts...);
}
template <class... Parts>
inline void check_index(bool ok, const Parts&... parts) {
    if (!ok) [[unlikely]]
        raise(ErrorKind::Index, parts...);
}

}  // namespace kajo
