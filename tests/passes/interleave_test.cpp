#include "tests/passes/rewrite_testing.h"

using namespace latent;
using namespace latent::passes::testing;

TEST_CASE("single elements along the last axis are a choice by place") {
    check_rewrite(passes::interleave, R"(
        %a = reshape %x {shape=[4,6,1]}
        %bb = reshape %y {shape=[4,6,1]}
        %c = exp %a
        %r = concat %a, %bb, %c {axis=2}
        return %r
    )",
                  R"(
        %a = reshape %x {shape=[4,6,1]}
        %bb = reshape %y {shape=[4,6,1]}
        %c = exp %a
        %n = iota {dtype=i32, extent=3}
        %place = broadcast %n {shape=[4,6,3], axes=[2]}
        %k0 = constant {value=i32:0}
        %f0 = broadcast %k0 {shape=[4,6,3], axes=[]}
        %e0 = equal %place, %f0
        %a1 = reshape %a {shape=[4,6]}
        %a2 = broadcast %a1 {shape=[4,6,3], axes=[0,1]}
        %m = iota {dtype=i32, extent=3}
        %again = broadcast %m {shape=[4,6,3], axes=[2]}
        %k1 = constant {value=i32:1}
        %f1 = broadcast %k1 {shape=[4,6,3], axes=[]}
        %e1 = equal %again, %f1
        %b1 = reshape %bb {shape=[4,6]}
        %b2 = broadcast %b1 {shape=[4,6,3], axes=[0,1]}
        %c1 = reshape %c {shape=[4,6]}
        %c2 = broadcast %c1 {shape=[4,6,3], axes=[0,1]}
        %t = select %e1, %b2, %c2
        %r = select %e0, %a2, %t
        return %r
    )");
}

TEST_CASE("elements spread to whole rows are a choice by place") {
    check_rewrite(passes::interleave, R"(
        %z = constant {value=f32:0}
        %r = pad %x, %z {low=[0,2], high=[0,0], interior=[0,2]}
        return %r
    )",
                  R"(
        %z = constant {value=f32:0}
        %f = broadcast %z {shape=[4,6,3], axes=[]}
        %a = broadcast %x {shape=[4,6,3], axes=[0,1]}
        %n = iota {dtype=i32, extent=3}
        %place = broadcast %n {shape=[4,6,3], axes=[2]}
        %k = constant {value=i32:2}
        %g = broadcast %k {shape=[4,6,3], axes=[]}
        %e = equal %place, %g
        %t = select %e, %a, %f
        %r = reshape %t {shape=[4,18]}
        return %r
    )");
}

TEST_CASE("other concatenations and pads are copied in parts") {
    for (const char* text :
         {"%r = concat %x, %y {axis=1}\nreturn %r",  // parts of several elements
          "%a = reshape %x {shape=[24,1]}\n%r = concat %a, %a {axis=0}\nreturn %r",
          "%a = reshape %x {shape=[24,1]}\n%r = concat %a, %a, %a, %a, %a, %a, %a, %a {axis=1}\n"
          "return %r",
          "%z = constant {value=f32:0}\n"
          "%r = pad %x, %z {low=[0,1], high=[0,1], interior=[0,0]}\nreturn %r",
          "%z = constant {value=f32:0}\n"
          "%r = pad %x, %z {low=[0,0], high=[0,0], interior=[0,1]}\nreturn %r",
          "%z = constant {value=f32:0}\n"
          "%r = pad %x, %z {low=[0,3], high=[0,-2], interior=[0,1]}\nreturn %r",
          "%z = constant {value=f32:0}\n"
          "%r = pad %x, %z {low=[0,0], high=[1,1], interior=[0,1]}\nreturn %r",
          "%z = constant {value=f32:0}\n"
          "%r = pad %x, %z {low=[0,0], high=[0,7], interior=[0,7]}\nreturn %r"}) {
        CAPTURE(text);
        check_unchanged(passes::interleave, text);
    }
}

TEST_CASE("operands that take turns along the last axis are rows of a turn each, and a last turn") {
    const auto whole_turns = [](const std::string& part_of_y) {
        return "%x0 = slice %x {start=[0,0], stop=[4,5], step=[1,1]}\n"
               "%x2 = broadcast %x0 {shape=[4,5,2], axes=[0,1]}\n"
               "%y2 = broadcast " +
               part_of_y +
               " {shape=[4,5,2], axes=[0,1]}\n"
               "%n = iota {dtype=i32, extent=2}\n"
               "%place = broadcast %n {shape=[4,5,2], axes=[2]}\n"
               "%k0 = constant {value=i32:0}\n"
               "%f0 = broadcast %k0 {shape=[4,5,2], axes=[]}\n"
               "%e0 = equal %place, %f0\n"
               "%t = select %e0, %x2, %y2\n"
               "%turns = reshape %t {shape=[4,10]}\n"
               "%x5 = slice %x {start=[0,5], stop=[4,6], step=[1,1]}\n";
    };
    const std::string first_of_y = "%y0 = slice %y {start=[0,0], stop=[4,5], step=[1,1]}\n";
    check_rewrite(passes::interleave, "%r = interleave %x, %y {axis=1}\nreturn %r\n",
                  first_of_y + whole_turns("%y0") +
                      "%y5 = slice %y {start=[0,5], stop=[4,6], step=[1,1]}\n"
                      "%r = concat %turns, %x5, %y5 {axis=1}\nreturn %r\n");
    check_rewrite(
        passes::interleave, first_of_y + "%r = interleave %x, %y0 {axis=1}\nreturn %r\n",
        first_of_y + whole_turns("%y0") + "%r = concat %turns, %x5 {axis=1}\nreturn %r\n");
    check_unchanged(passes::interleave, "%r = interleave %x, %y {axis=0}\nreturn %r\n");
}
