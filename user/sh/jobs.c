/*
 * jobs.c - processes that were started together, and waiting for them.
 *
 * At a terminal each job is a process group of its own, and the one in the foreground is the
 * terminal's: ^C reaches it and nobody else. Both the shell and the child set the group, for
 * neither knows who runs first. Without a terminal all stay in the shell's group.
 */
#include "sh.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
    struct process *next;
    pid_t pid;
    int done;
    int wait_status;
};

struct job {
    struct job *next; /* in the list of background jobs, by id */
    int id;
    pid_t group; /* 0: the shell's */
    struct process *processes;
    struct process **tail;
    char *text;
};

static struct job *background;

/* What the terminal sends and the shell does not care for. */
static const int ignored_signals[] = {SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

enum { NIGNORED = sizeof(ignored_signals) / sizeof(ignored_signals[0]) };

/* SIGINT is not ignored, but held back: interrupt.c looks for it. */
static void set_signals(void (*handler)(int), int how_interrupt)
{
    sigset_t interrupt;
    for (int i = 0; i < NIGNORED; i++)
        signal(ignored_signals[i], handler);
    signal(SIGINT, SIG_DFL);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(how_interrupt, &interrupt, NULL);
}

void jobs_init(void)
{
    if (!sh.interactive)
        return;
    set_signals(SIG_IGN, SIG_BLOCK);
    setpgid(0, 0); /* fails for a session leader, which leads its group already */
    tcsetpgrp(STDIN_FILENO, getpgrp());
}

struct job *job_new(void)
{
    struct job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        errx(2, "out of memory");
    job->tail = &job->processes;
    return job;
}

static void job_free(struct job *job)
{
    for (struct process *p = job->processes, *next; p != NULL; p = next) {
        next = p->next;
        free(p);
    }
    free(job->text);
    free(job);
}

/* A child has no terminal to care for, and knows nothing of its parent's jobs. */
void jobs_leave(void)
{
    if (sh.interactive)
        set_signals(SIG_DFL, SIG_UNBLOCK);
    sh.interactive = 0;
    background = NULL;
}

static void start_child(struct job *job, int in_background)
{
    if (sh.interactive) {
        setpgid(0, job->group);
        if (!in_background)
            tcsetpgrp(STDIN_FILENO, getpgrp()); /* SIGTTOU is still ignored */
    } else if (in_background) {
        signal(SIGINT, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        int fd = open("/dev/null", O_RDONLY);
        if (fd > STDIN_FILENO) {
            dup2(fd, STDIN_FILENO);
            close(fd);
        }
    }
    jobs_leave();
}

pid_t job_fork_apart(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        jobs_leave();
    return pid;
}

pid_t job_fork(struct job *job, int in_background)
{
    fflush(stdout);
    struct process *p = calloc(1, sizeof(*p));
    if (p == NULL)
        errx(2, "out of memory");
    pid_t pid = fork();
    if (pid == 0) {
        start_child(job, in_background);
        free(p);
        return 0;
    }
    if (pid < 0) {
        complain("cannot fork: %s", strerror(errno));
        free(p);
        return pid;
    }
    if (sh.interactive) {
        if (job->group == 0)
            job->group = pid;
        setpgid(pid, job->group);
    }
    p->pid = pid;
    *job->tail = p;
    job->tail = &p->next;
    return pid;
}

int status_of(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* The job's status is that of its last command. */
static int job_status(const struct job *job)
{
    int status = 0;
    for (const struct process *p = job->processes; p != NULL; p = p->next)
        status = status_of(p->wait_status);
    return status;
}

/* Waits for all processes of the job; with WNOHANG only looks. Returns 1 when all are done. */
static int job_collect(struct job *job, int options)
{
    int all = 1;
    for (struct process *p = job->processes; p != NULL; p = p->next) {
        if (p->done)
            continue;
        pid_t pid = waitpid(p->pid, &p->wait_status, options);
        p->done = pid != 0;
        if (pid < 0)
            p->wait_status = 127 << 8; /* somebody else has waited for it */
        all &= p->done;
    }
    return all;
}

/* Says how a job was killed, unless that was ^C or a reader that went away. */
static void report_signals(const struct job *job)
{
    for (const struct process *p = job->processes; p != NULL; p = p->next) {
        if (!WIFSIGNALED(p->wait_status))
            continue;
        int sig = WTERMSIG(p->wait_status);
        if (sig == SIGINT && sh.interactive)
            interrupt_line();
        else if (sig != SIGPIPE && sig != SIGINT)
            fprintf(stderr, "%s\n", strsignal(sig));
    }
}

static void run_in_foreground(struct job *job)
{
    if (sh.interactive && job->group != 0)
        tcsetpgrp(STDIN_FILENO, job->group);
    job_collect(job, 0);
    if (sh.interactive)
        tcsetpgrp(STDIN_FILENO, getpgrp());
}

int job_wait(struct job *job)
{
    run_in_foreground(job);
    report_signals(job);
    int status = job_status(job);
    job_free(job);
    return status;
}

void job_background(struct job *job, const char *text)
{
    if (job->processes == NULL) {
        job_free(job);
        return;
    }
    struct job **at = &background;
    for (job->id = 1; *at != NULL; at = &(*at)->next)
        job->id = (*at)->id + 1;
    *at = job;
    job->text = strdup(text);
    for (struct process *p = job->processes; p != NULL; p = p->next)
        sh.last_background = p->pid;
    if (sh.interactive)
        fprintf(stderr, "[%d] %d\n", job->id, sh.last_background);
}

static void job_remove(struct job *job)
{
    struct job **at = &background;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    job_free(job);
}

static void print_job(FILE *f, const struct job *job, int done)
{
    char ending[40] = "Running";
    int status = job_status(job);
    if (done && status > 128)
        snprintf(ending, sizeof(ending), "%s", strsignal(status - 128));
    else if (done && status != 0)
        snprintf(ending, sizeof(ending), "Done(%d)", status);
    else if (done)
        strcpy(ending, "Done");
    fprintf(f, "[%d] %-12s %s\n", job->id, ending, job->text != NULL ? job->text : "");
}

/* Before a prompt: which background jobs are done? */
void jobs_notify(void)
{
    for (struct job *job = background, *next; job != NULL; job = next) {
        next = job->next;
        if (!job_collect(job, WNOHANG))
            continue;
        print_job(stderr, job, 1);
        job_remove(job);
    }
}

int builtin_jobs(char **argv)
{
    (void)argv;
    for (struct job *job = background, *next; job != NULL; job = next) {
        next = job->next;
        int done = job_collect(job, WNOHANG);
        print_job(stdout, job, done);
        if (done)
            job_remove(job);
    }
    return 0;
}

/* By %id or the pid of any of its processes. NULL as text: the latest. */
static struct job *find_job(const char *text)
{
    struct job *job = background;
    if (text == NULL || strcmp(text, "%%") == 0 || strcmp(text, "%+") == 0) {
        while (job != NULL && job->next != NULL)
            job = job->next;
        return job;
    }
    int number = atoi(text + (*text == '%'));
    for (; job != NULL; job = job->next) {
        if (*text == '%' && job->id == number)
            return job;
        for (struct process *p = job->processes; *text != '%' && p != NULL; p = p->next)
            if (p->pid == number)
                return job;
    }
    return NULL;
}

/* At a terminal ^C ends the waiting; the job goes on. */
static int wait_for(struct job *job)
{
    while (!job_collect(job, sh.interactive ? WNOHANG : 0))
        if (interrupt_wait())
            return 128 + SIGINT;
    int status = job_status(job);
    job_remove(job);
    return status;
}

int builtin_wait(char **argv)
{
    int status = 0;
    if (argv[1] == NULL) {
        while (background != NULL && !sh.interrupted)
            wait_for(background);
        return 0;
    }
    for (argv++; *argv != NULL && !sh.interrupted; argv++) {
        struct job *job = find_job(*argv);
        status = job != NULL ? wait_for(job) : 127;
    }
    return status;
}

int builtin_fg(char **argv)
{
    struct job *job = find_job(argv[1]);
    if (job == NULL) {
        complain("fg: no such job");
        return 1;
    }
    puts(job->text != NULL ? job->text : "");
    fflush(stdout);
    run_in_foreground(job);
    report_signals(job);
    int status = job_status(job);
    job_remove(job);
    return status;
}

static int send_signal(const char *target, int sig)
{
    char *end;
    long pid = strtol(target, &end, 10);
    if (*target == '%') {
        struct job *job = find_job(target);
        if (job == NULL) {
            complain("kill: %s: no such job", target);
            return 1;
        }
        pid = job->group != 0 ? -job->group : job->processes->pid;
    } else if (end == target || *end != '\0') {
        complain("kill: %s: not a process id", target);
        return 1;
    }
    if (kill((pid_t)pid, sig) != 0) {
        complain("kill: %s: %s", target, strerror(errno));
        return 1;
    }
    return 0;
}

static int list_signals(void)
{
    char name[SIG2STR_MAX];
    for (int sig = 1; sig2str(sig, name) == 0; sig++)
        printf("%2d %s\n", sig, name);
    return 0;
}

/* In the shell itself, to know about jobs and to work when no process can be made. */
int builtin_kill(char **argv)
{
    int sig = SIGTERM, status = 0;
    const char *name = NULL;
    argv++;
    if (*argv != NULL && strcmp(*argv, "-l") == 0)
        return list_signals();
    if (*argv != NULL && strcmp(*argv, "-s") == 0 && argv[1] != NULL)
        name = *++argv;
    else if (*argv != NULL && **argv == '-' && strcmp(*argv, "--") != 0)
        name = *argv + 1;
    if (name != NULL) {
        argv++;
        if (str2sig(name, &sig) != 0) {
            complain("kill: %s: invalid signal", name);
            return 1;
        }
    }
    if (*argv != NULL && strcmp(*argv, "--") == 0)
        argv++;
    if (*argv == NULL) {
        complain("usage: kill [-SIGNAL | -s SIGNAL] pid | %%job ...");
        return 2;
    }
    for (; *argv != NULL; argv++)
        status |= send_signal(*argv, sig);
    return status;
}
