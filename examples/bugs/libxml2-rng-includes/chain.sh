#!/bin/sh
# A chain of schemas, each of which includes the next.
cd "$HOME" || exit 125
i=0
while [ $i -lt 6000 ]; do
    echo "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\"><include href=\"$((i + 1)).rng\"/></grammar>" >$i.rng
    i=$((i + 1))
done
echo '<grammar xmlns="http://relaxng.org/ns/structure/1.0"><start><element name="a"><empty/></element></start></grammar>' >$i.rng
echo '<a/>' >a.xml
# A thread's stack is often no larger.
ulimit -s 512
xmllint --noout --relaxng 0.rng a.xml >said 2>&1
status=$?
tail -n 5 said
exit $status
