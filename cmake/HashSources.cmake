# cmake -DLISTING=<file of paths> -DOUTPUT=<source> -P HashSources.cmake
# Writes a C++ source with one SHA-256 over the contents of the listed files. Names count by their
# last part only, so that the place of a checkout does not.
file(STRINGS "${LISTING}" paths)
set(digests "")
foreach(path IN LISTS paths)
    file(SHA256 "${path}" digest)
    cmake_path(GET path FILENAME name)
    string(APPEND digests "${name} ${digest}\n")
endforeach()
string(SHA256 build_id "${digests}")
file(WRITE "${OUTPUT}" "namespace latent::codegen {
extern const char compiler_build_id[] = \"${build_id}\";
}  // namespace latent::codegen
")
