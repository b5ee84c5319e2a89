typedef unsigned long size_type;
enum color { RED = -1, GREEN, BLUE = 70000 };
enum later;
struct list { struct list *next; int value : 5; unsigned flags : 3; char name[4][8]; };
union either { double d; long double ld; struct { short a, b; } pair; _Bool b; };
struct opaque;
typedef int (*callback)(const struct list *, enum color, ...);
struct shape { union either e; volatile int *p; struct list by_value; callback cb; struct { struct opaque *o; }; char tail[]; };
struct list head;
const char *const names[3] = { "a", "b", "c" };
int measure(struct shape *s, struct opaque *o, size_type n, enum later *l) { return 0; }
struct list copy(union either e, callback cb, char *restrict q) { return head; }
int many(int a, ...) { return a; }
