struct opaque { int inside; };
struct list { struct list *next; long value; };
struct list *other(struct opaque *o, struct list l) { return l.next; }
