/* SPDX-License-Identifier: MIT */
/* Loads a policy's library and steps it: stdin has, per step, a reset byte and the observation; stdout
 * gets the status, the action and the raw output of each. */
#include <stddef.h>

/* Linked with the machine's libc.so.6 alone: zig would first build a whole C library to start with. */
void *dlopen(const char *, int);
void *dlsym(void *, const char *);
void *malloc(size_t);
long read(int, void *, size_t);
long write(int, const void *, size_t);
int atoi(const char *);
_Noreturn void exit(int);

#if defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0, sp\n bl begin\n");
#else
__asm__(".globl _start\n_start: mov r0, sp\n bl begin\n");
#endif

static size_t take(void *to, size_t size)
{
    size_t done = 0;
    for (long got = 1; done < size && got > 0; done += (size_t)got) {
        got = read(0, (char *)to + done, size - done);
    }
    return done;
}

static int run(char **argv)
{
    void *library = dlopen(argv[1], 2);
    if (library == NULL) {
        return 2;
    }
    size_t (*size)(void) = (size_t (*)(void))dlsym(library, "edge_size");
    void (*reset)(void *) = (void (*)(void *))dlsym(library, "edge_reset");
    int (*step)(void *, const void *, void *) =
        (int (*)(void *, const void *, void *))dlsym(library, "edge_step");
    const void *(*output)(const void *, int) =
        (const void *(*)(const void *, int))dlsym(library, "edge_output");
    const size_t observation = (size_t)atoi(argv[2]), action = (size_t)atoi(argv[3]);
    const size_t raw = (size_t)atoi(argv[4]);
    void *policy = malloc(size()), *obs = malloc(observation), *act = malloc(action);
    for (char again; take(&again, 1) == 1;) {
        if (take(obs, observation) != observation) {
            return 3;
        }
        if (again) {
            reset(policy);
        }
        const char status = (char)step(policy, obs, act);
        write(1, &status, 1);
        write(1, act, action);
        write(1, output(policy, 0), raw);
    }
    return 0;
}

void begin(void **stack);
void begin(void **stack)
{
    exit(run((char **)(stack + 1)));
}
