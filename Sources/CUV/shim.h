#include <uv.h>

// GNU's own, which Swift's Glibc leaves out.
int accept4(int listener, struct sockaddr *address, socklen_t *count, int flags);
