// What the nodejs layer runs before Node: it listens, sends `register`, and becomes the command that it was given.
//
//   starter <node> <argument…> <script>
//
// Lambda starts the function's runtime when every extension has registered, and Node takes 20 ms and more to its first
// line. So this program opens the two sockets that callers connect to, sends the request that the extension would send
// first, and starts Node with the three sockets open. Callers wait in the kernel's queue, and the answer to `register`
// in its socket, until Node reads both. src/lambda/inherited.ts takes them.
//
// Whatever is unusual is left to the extension, which does all of this by itself where it inherits nothing: then Node
// is started as if this program were not there. It writes nothing, allocates nothing, and waits 250 ms at most.
//
// There is no C library, and nothing to write to but the stack. compile.ts makes it.

#define NAME "AWSParametersAndSecretsLambdaExtension"
#define PREFIX "PARAMETERS_SECRETS_EXTENSION_"
#define HANDED_OVER PREFIX "INHERITED_SOCKETS="
#define BODY "{\"events\":[\"SHUTDOWN\"]}"
#define BEFORE_API "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: "
#define AFTER_API                                                                       \
  "\r\nLambda-Extension-Name: " NAME "\r\nLambda-Extension-Accept-Feature: accountId\r\n" \
  "Content-Type: application/json\r\nContent-Length: 23\r\n\r\n" BODY

enum {
  DEFAULT_PORT = 2773,
  BACKLOG = 511, // Node's own
  CONNECT_MS = 250,
  MOST_VARIABLES = 1024, // of the environment; Lambda's have 4 KB in all
  LONGEST_API = 21,      // 255.255.255.255:65535, as `read_api` reads it
};

// Linux, asm-generic and x86
enum { AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000 };
enum { SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_ERROR = 4, MSG_NOSIGNAL = 0x4000, POLLOUT = 4 };
enum { EINPROGRESS = 115 };

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

struct address4 {
  u16 family, port;
  u32 address;
  u8 zero[8];
};
struct address6 {
  u16 family, port;
  u32 flow;
  u8 address[16];
  u32 scope;
};
struct poll {
  int fd;
  short events, revents;
};
struct time {
  long seconds, nanoseconds;
};

#if defined(__x86_64__)
enum {
  CLOSE = 3, SOCKET = 41, CONNECT = 42, SENDTO = 44, BIND = 49, LISTEN = 50, SETSOCKOPT = 54, GETSOCKOPT = 55,
  EXECVE = 59, EXIT_GROUP = 231, PPOLL = 271,
};

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n  hlt\n");
#elif defined(__aarch64__)
enum {
  CLOSE = 57, PPOLL = 73, EXIT_GROUP = 94, SOCKET = 198, BIND = 200, LISTEN = 201, CONNECT = 203, SENDTO = 206,
  SETSOCKOPT = 208, GETSOCKOPT = 209, EXECVE = 221,
};

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  bl start\n  brk #1\n");
#endif

#define CALL(number, a, b, c) call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

// The sockets that Node inherits; -1 for one that it opens itself.
struct sockets {
  int v4, v6, api;
};

static u16 big_endian(u32 port) { return (u16)(port >> 8 | port << 8); }

/** What follows `name`, which ends in '=', in the first variable that begins with it; 0 for none. */
static const char *value_of(char **environment, const char *name) {
  for (; *environment; environment++) {
    const char *at = *environment, *wanted = name;
    while (*wanted && *at == *wanted) at++, wanted++;
    if (!*wanted) return at;
  }
  return 0;
}

static int is_equal(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/** Appends the text, without its end. */
static char *put(char *to, const char *text) {
  while (*text) *to++ = *text++;
  return to;
}

/** Appends a descriptor, which is below 1,000, or '-'. */
static char *put_fd(char *to, int fd) {
  if (fd < 0) return put(to, "-");
  if (fd >= 100) *to++ = '0' + fd / 100;
  if (fd >= 10) *to++ = '0' + fd / 10 % 10;
  *to++ = '0' + fd % 10;
  return to;
}

/** Reads plain digits from *at on and moves it behind them; -1 for none, more than `digits`, or more than `most`. */
static int read_number(const char **at, int digits, int most) {
  int value = 0, read = 0;
  for (; **at >= '0' && **at <= '9'; (*at)++) {
    if (++read > digits) return -1;
    value = value * 10 + (**at - '0');
  }
  return read == 0 || value > most ? -1 : value;
}

/** The port that callers connect to; -1 where the setting is anything but plain digits for a port. */
static int read_port(char **environment) {
  const char *text = value_of(environment, PREFIX "HTTP_PORT=");
  if (!text || !*text) return DEFAULT_PORT;
  int port = read_number(&text, 5, 65535);
  return *text || port < 1 ? -1 : port;
}

/** Reads `1.2.3.4:5`; 0 for a name, an IPv6 address, or anything else. */
static int read_api(const char *text, struct address4 *api) {
  u8 *bytes = (u8 *)&api->address;
  for (int i = 0; i < 4; i++) {
    // A leading zero would make it octal to whoever parses it as a URL.
    if (*text == '0' && text[1] != '.' && text[1] != ':') return 0;
    int byte = read_number(&text, 3, 255);
    if (byte < 0 || *text++ != (i < 3 ? '.' : ':')) return 0;
    bytes[i] = (u8)byte;
  }
  // The system connects 0.0.0.0 to another address, by which Node would not know the connection again.
  if (bytes[0] == 0 || *text == '0') return 0;
  int port = read_number(&text, 5, 65535);
  if (*text || port < 1) return 0;
  api->family = AF_INET;
  api->port = big_endian((u32)port);
  return 1;
}

static void shut(int *fd) {
  if (*fd >= 0) CALL(CLOSE, *fd, 0, 0);
  *fd = -1;
}

/** A new socket that Node inherits, or -1. Below 3 it would be taken for Node's standard streams. */
static int open_socket(int family) {
  int fd = (int)CALL(SOCKET, family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd >= 0 && (fd < 3 || fd > 999)) shut(&fd);
  return fd < 0 ? -1 : fd;
}

/** Listens as libuv does for Node; -1 where that address or that port cannot be had. */
static int listen_on(int family, const void *address, int size) {
  int fd = open_socket(family), on = 1;
  if (fd < 0) return -1;
  if (call(SETSOCKOPT, fd, SOL_SOCKET, SO_REUSEADDR, (long)&on, sizeof on, 0) < 0 ||
      CALL(BIND, fd, address, size) < 0 || CALL(LISTEN, fd, BACKLOG, 0) < 0)
    shut(&fd);
  return fd;
}

/** Connects within CONNECT_MS; -1 otherwise. */
static int connect_to(const struct address4 *address) {
  int fd = open_socket(AF_INET);
  if (fd < 0) return -1;
  long result = CALL(CONNECT, fd, address, sizeof *address);
  if (result == -EINPROGRESS) {
    struct poll poll = {fd, POLLOUT, 0};
    struct time time = {CONNECT_MS / 1000, CONNECT_MS % 1000 * 1000000L};
    int error = 0, size = sizeof error;
    result = call(PPOLL, (long)&poll, 1, (long)&time, 0, 0, 0) == 1 ? 0 : -1;
    if (result == 0 && (call(GETSOCKOPT, fd, SOL_SOCKET, SO_ERROR, (long)&error, (long)&size, 0) < 0 || error))
      result = -1;
  }
  if (result < 0) shut(&fd);
  return fd;
}

/** Sends `register` as src/lambda/extensions-api.ts does; whether all of it is on its way. */
static int send_register(int fd, const char *api) {
  char request[sizeof BEFORE_API + LONGEST_API + sizeof AFTER_API], *end = request;
  end = put(end, BEFORE_API);
  end = put(end, api);
  end = put(end, AFTER_API);
  _Static_assert(sizeof BODY - 1 == 23, "the Content-Length");
  return call(SENDTO, fd, (long)request, end - request, MSG_NOSIGNAL, 0, 0) == end - request;
}

/** Listens, and registers where callers can connect; all -1 where anything is unusual. */
static struct sockets open_sockets(char **environment) {
  struct sockets sockets = {-1, -1, -1};
  const char *api = value_of(environment, "AWS_LAMBDA_RUNTIME_API=");
  const char *type = value_of(environment, "AWS_LAMBDA_INITIALIZATION_TYPE=");
  struct address4 api_address = {0};
  int port = read_port(environment);
  // Before a snapshot the extension registers for INVOKE too.
  if (port < 0 || !api || !read_api(api, &api_address) || (type && is_equal(type, "snap-start"))) return sockets;

  struct address4 v4 = {.family = AF_INET, .port = big_endian((u32)port)};
  ((u8 *)&v4.address)[0] = 127;
  ((u8 *)&v4.address)[3] = 1;
  struct address6 v6 = {.family = AF_INET6, .port = big_endian((u32)port)};
  v6.address[15] = 1;
  sockets.v4 = listen_on(AF_INET, &v4, sizeof v4);
  if (sockets.v4 < 0) return sockets;
  sockets.v6 = listen_on(AF_INET6, &v6, sizeof v6);
  sockets.api = connect_to(&api_address);
  if (sockets.api >= 0 && !send_register(sockets.api, api)) shut(&sockets.api);
  return sockets;
}

static int count_of(char **environment) {
  int count = 0;
  while (environment[count]) count++;
  return count;
}

/** Copies the environment, with these sockets in place of what it says of any. */
static void hand_over(char **environment, char **copy, char *variable, struct sockets sockets) {
  for (; *environment; environment++) {
    char *one[] = {*environment, 0};
    if (!value_of(one, HANDED_OVER)) *copy++ = *environment;
  }
  if (sockets.v4 >= 0) *copy++ = variable;
  *copy = 0;
  char *end = put(variable, HANDED_OVER);
  end = put_fd(end, sockets.v4);
  end = put_fd(put(end, ","), sockets.v6);
  end = put_fd(put(end, ","), sockets.api);
  *end = 0;
}

/** `stack` is what the kernel puts on it: the number of arguments, these, 0, the environment, 0. */
__attribute__((noreturn)) void start(long *stack) {
  long count = *stack;
  char **arguments = (char **)(stack + 1), **environment = arguments + count + 1;
  char *copy[MOST_VARIABLES + 2], variable[sizeof HANDED_OVER + 16];
  struct sockets sockets = {-1, -1, -1};
  if (count >= 3) {
    if (count_of(environment) <= MOST_VARIABLES) {
      sockets = open_sockets(environment);
      hand_over(environment, copy, variable, sockets);
      environment = copy;
    }
    CALL(EXECVE, arguments[1], arguments + 1, environment);
    // The launcher again, which with an argument starts Node by itself, and says why that cannot be.
    char *script = arguments[count - 1], *again[] = {script, "again", 0};
    shut(&sockets.v4);
    shut(&sockets.v6);
    shut(&sockets.api);
    CALL(EXECVE, script, again, arguments + count + 1);
  }
  for (;;) CALL(EXIT_GROUP, 126, 0, 0);
}
