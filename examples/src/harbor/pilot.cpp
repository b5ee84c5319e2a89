// pilot: how hard the lines pull, with a line of its own.
#include <cstdio>
#include <moor/moor.hpp>

class Chain : public moor::Line {
public:
    Chain() : Line(20) {}
    double tension(double wind) const override { return 3 * wind; }
    const char *name() const override { return "chain"; }
};

int main()
{
    moor::Berth berth("north pier");
    berth.add(std::make_shared<Chain>());
    berth.add(std::make_shared<Chain>());
    std::printf("load %.1f\n", berth.load(12));
    for (const auto &name : berth.names())
        std::printf("%s\n", name.c_str());
    std::printf("fender %.1f\n", double(berth.fender(moor::Side::port).radius));
}
