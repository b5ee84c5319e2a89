#include "moor.hpp"

namespace moor {

struct Berth::Inside {
    std::string name;
    std::vector<std::shared_ptr<Line>> lines;
};

Line::Line(double length) : length_(length) {}
Line::~Line() = default;
double Line::length() const { return length_; }
double Line::tension(double wind) const { return wind * wind / length_; }

Berth::Berth(const std::string &name) : inside_(new Inside{name, {}}) {}
Berth::~Berth() = default;

void Berth::add(std::shared_ptr<Line> line) { inside_->lines.push_back(std::move(line)); }

double Berth::load(double wind) const
{
    double sum = 0;
    for (const auto &line : inside_->lines)
        sum += line->tension(wind);
    return sum;
}

std::vector<std::string> Berth::names() const
{
    std::vector<std::string> all{inside_->name};
    for (const auto &line : inside_->lines)
        all.push_back(line->name());
    return all;
}

Fender Berth::fender(Side side) const { return Fender{0.5f * float(inside_->lines.size()), side}; }

} // namespace moor
