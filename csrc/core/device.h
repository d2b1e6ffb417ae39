#pragma once

#include <cstdint>
#include <ostream>

namespace kajo {

// Meta tensors have shapes and types but no data.
enum class DeviceType : int8_t { CPU, Meta };
constexpr int kDeviceTypes = 2;

struct Device {
    DeviceType type = DeviceType::CPU;
    int8_t index = -1;  // -1: the current one

    bool operator==(const Device& other) const { return type == other.type; }
    bool is_meta() const { return type == DeviceType::Meta; }
};

inline std::ostream& operator<<(std::ostream& out, Device d) {
    out << (d.type == DeviceType::CPU ? "cpu" : "meta");
    if (d.index >= 0) out << ":" << int(d.index);
    return out;
}

}  // namespace kajo
