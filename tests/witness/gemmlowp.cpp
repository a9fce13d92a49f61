// What gemmlowp's own header makes of a, b and n.
//
// Standard input: int32 triples (a, b, n), 0 <= n <= 31, as the machine
// stores them.  Standard output, for each: the doubling high multiply of a
// and b, the rounding shift of a by n, and the shift of the product.
#include <gemmlowp/fixedpoint/fixedpoint.h>

#include <cstdint>
#include <cstdio>

int main() {
  using gemmlowp::RoundingDivideByPOT;
  using gemmlowp::SaturatingRoundingDoublingHighMul;
  std::int32_t in[3], out[3];
  while (std::fread(in, sizeof in, 1, stdin) == 1) {
    out[0] = SaturatingRoundingDoublingHighMul(in[0], in[1]);
    out[1] = RoundingDivideByPOT(in[0], in[2]);
    out[2] = RoundingDivideByPOT(out[0], in[2]);
    if (std::fwrite(out, sizeof out, 1, stdout) != 1) return 1;
  }
  return 0;
}
