/* Formatted output and input, with floating point; streams, files and directories below /tmp. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES = 5000, NAMES = 60 };

static void check_formats(void)
{
    char text[200];
    snprintf(text, sizeof(text), "%d|%5u|%-6s|%#lx|%c|%08.3f|%e|%g|%a", -7, 42U, "ab", 255L, 'z',
             3.14159265, 12345.678, 1e-10, 1.0);
    CHECK(strcmp(text, "-7|   42|ab    |0xff|z|0003.142|1.234568e+04|1e-10|0x1p+0") == 0);
    snprintf(text, sizeof(text), "%.17g %.0f %Lg %" PRIu64 " %+d %%", 0.1, 1e22, 2.5L, UINT64_MAX,
             5);
    CHECK(strcmp(text,
                 "0.10000000000000001 10000000000000000000000 2.5 18446744073709551615 +5 %") == 0);
    int n;
    double d;
    char word[20];
    CHECK(sscanf("  17 2.5e3 hello", "%d %lf %19s", &n, &d, word) == 3);
    CHECK(n == 17 && d == 2500.0 && strcmp(word, "hello") == 0);
    CHECK(strtod("4.9406564584124654e-324", NULL) > 0 &&
          strtod("1.7976931348623157e308", NULL) == DBL_MAX);
    CHECK(fabs(sin(1.0) * sin(1.0) + cos(1.0) * cos(1.0) - 1.0) < 1e-15);
    CHECK(fabs(exp(log(10.0)) - 10.0) < 1e-13 && sqrt(2.0) == 0x1.6a09e667f3bcdp+0);
}

static void write_lines(const char *path)
{
    FILE *file = fopen(path, "w");
    CHECK(file);
    for (int i = 0; i < LINES; i++)
        CHECK(fprintf(file, "%d %f\n", i, i / 7.0) > 0);
    CHECK(fclose(file) == 0);
}

static void read_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[100];
    int i = 0, number;
    double value;
    CHECK(file);
    for (; fgets(line, sizeof(line), file); i++)
        CHECK(sscanf(line, "%d %lf", &number, &value) == 2 && number == i &&
              fabs(value - i / 7.0) < 1e-6);
    CHECK(i == LINES && feof(file) && !ferror(file));
    CHECK(fseek(file, -9, SEEK_END) == 0 && ftell(file) > 0);
    CHECK(fgets(line, sizeof(line), file) && line[strlen(line) - 1] == '\n');
    CHECK(fclose(file) == 0);
}

static void check_files(void)
{
    struct stat st;
    write_lines("/tmp/stdio.txt");
    read_lines("/tmp/stdio.txt");
    CHECK(stat("/tmp/stdio.txt", &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LINES * 10);
    CHECK(truncate("/tmp/stdio.txt", 10) == 0 || errno == ENOSYS);
    CHECK(rename("/tmp/stdio.txt", "/tmp/other.txt") == 0);
    CHECK(access("/tmp/stdio.txt", F_OK) < 0 && errno == ENOENT);
    FILE *both = fopen("/tmp/other.txt", "r+");
    CHECK(both && fputs("XY", both) >= 0 && fflush(both) == 0);
    CHECK(fseek(both, 0, SEEK_SET) == 0 && fgetc(both) == 'X' && fgetc(both) == 'Y');
    CHECK(fclose(both) == 0 && remove("/tmp/other.txt") == 0);
    FILE *nowhere = fopen("/bin/new", "w");
    CHECK(!nowhere && errno == EROFS);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void check_directories(void)
{
    char path[100], cwd[100];
    CHECK(mkdir("/tmp/names", 0755) == 0 && chdir("/tmp/names") == 0);
    CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/tmp/names") == 0);
    for (int i = 0; i < NAMES; i++) {
        snprintf(path, sizeof(path), "a-rather-long-name-so-that-one-buffer-is-not-enough-%02d", i);
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
        CHECK(fd >= 0 && close(fd) == 0);
    }
    struct dirent **names;
    CHECK(scandir(".", &names, NULL, by_name) == NAMES + 2);
    CHECK(strcmp(names[0]->d_name, ".") == 0 && strcmp(names[1]->d_name, "..") == 0);
    for (int i = 0; i < NAMES + 2; i++) {
        CHECK(i < 2 || atoi(strrchr(names[i]->d_name, '-') + 1) == i - 2);
        CHECK(i < 2 || unlink(names[i]->d_name) == 0);
        free(names[i]);
    }
    free(names);
    CHECK(chdir("/") == 0 && rmdir("/tmp/names") == 0);
}

int main(int argc, char **argv)
{
    CHECK(setlocale(LC_ALL, "C"));
    check_formats();
    check_files();
    check_directories();
    printf("stdio ok %.2f %s\n", 2.0 / 3.0, argc > 1 ? argv[1] : "-");
    return 0;
}
