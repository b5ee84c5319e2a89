// libmoor: berths and the lines that hold a ship.
#ifndef MOOR_HPP
#define MOOR_HPP

#include <memory>
#include <string>
#include <vector>

namespace moor {

enum class Side : unsigned char { port, starboard };

// A cushion; returned by value.
struct Fender {
    float radius;
    Side side;
};

// A line; programs derive from it.
class Line {
public:
    explicit Line(double length);
    virtual ~Line();
    virtual double length() const;
    virtual double tension(double wind) const;
    virtual const char *name() const = 0;

protected:
    double length_;
};

// A berth; what is inside is private to the library.
class Berth {
public:
    explicit Berth(const std::string &name);
    ~Berth();
    Berth(const Berth &) = delete;
    Berth &operator=(const Berth &) = delete;

    void add(std::shared_ptr<Line> line);
    double load(double wind) const;
    std::vector<std::string> names() const;
    Fender fender(Side side) const;

private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

} // namespace moor

#endif
