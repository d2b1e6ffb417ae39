#include "cpu/lapack.h"

#include <dlfcn.h>

#include "core/error.h"

namespace kajo::cpu {

namespace {

constexpr const char* kLibrary = "libscipy_openblas.so";

// The wheel that holds the library is installed beside this package.
std::string beside_this_package() {
    Dl_info here;
    if (!dladdr(reinterpret_cast<void*>(&beside_this_package), &here)) return {};
    const std::string path = here.dli_fname;
    const size_t name = path.rfind('/');
    if (name == std::string::npos) return {};
    return path.substr(0, name) + "/../scipy_openblas32/lib/" + kLibrary;
}

void* open_library() {
    const std::string places[] = {beside_this_package(),
                                  std::string(KAJO_OPENBLAS_DIR) + "/" + kLibrary, kLibrary};
    for (const std::string& place : places)
        if (void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) {
            // One thread: results must not depend on their number, and ours share the batch out.
            if (void* set = dlsym(library, "scipy_openblas_set_num_threads"))
                reinterpret_cast<void (*)(int)>(set)(1);
            return library;
        }
    raise(ErrorKind::Runtime, "linalg: the LAPACK library ", kLibrary,
          " was not found; install it with: pip install scipy-openblas32");
}

void* routine(const std::string& name) {
    static void* const library = open_library();
    void* found = dlsym(library, ("scipy_" + name + "_").c_str());
    check(found, "linalg: the LAPACK library has no routine ", name);
    return found;
}

template <class F>
void load(F& function, const std::string& name) {
    function = reinterpret_cast<F>(routine(name));
}

template <class T>
Lapack<T> loaded(const char* letter, bool is_complex) {
    Lapack<T> l;
    const std::string type = letter;
    load(l.potrf, type + "potrf");
    load(l.getrf, type + "getrf");
    load(l.getrs, type + "getrs");
    load(l.trsm, type + "trsm");
    load(l.geqrf, type + "geqrf");
    load(l.orgqr, type + (is_complex ? "ungqr" : "orgqr"));
    load(l.sytrf, type + "sytrf");
    load(l.sytrs, type + "sytrs");
    load(l.hetrf, type + (is_complex ? "hetrf" : "sytrf"));
    load(l.hetrs, type + (is_complex ? "hetrs" : "sytrs"));
    load(l.gesdd, type + "gesdd");
    load(l.syevd, type + (is_complex ? "heevd" : "syevd"));
    load(l.geev, type + "geev");
    load(l.gelsd, type + "gelsd");
    return l;
}

}  // namespace

template <>
const Lapack<float>& lapack<float>() {
    static const Lapack<float> l = loaded<float>("s", false);
    return l;
}
template <>
const Lapack<double>& lapack<double>() {
    static const Lapack<double> l = loaded<double>("d", false);
    return l;
}
template <>
const Lapack<std::complex<float>>& lapack<std::complex<float>>() {
    static const auto l = loaded<std::complex<float>>("c", true);
    return l;
}
template <>
const Lapack<std::complex<double>>& lapack<std::complex<double>>() {
    static const auto l = loaded<std::complex<double>>("z", true);
    return l;
}

}  // namespace kajo::cpu
