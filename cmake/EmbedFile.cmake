# cmake -DINPUT=<file> -DOUTPUT=<source> -DNAME=<identifier> -P EmbedFile.cmake
# Writes a C++ source that holds the file's bytes.
file(READ "${INPUT}" bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include <cstddef>

namespace latent::codegen {
extern const std::size_t ${NAME}_size = ${size};
extern const unsigned char ${NAME}[] = {
    ${bytes}
};
}  // namespace latent::codegen
")
