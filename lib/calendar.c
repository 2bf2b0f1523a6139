/*
 * calendar.c - days, months and years. The system's time zone is UTC.
 *
 * Years are counted from March: then the leap day is the last of its year, and the months' lengths
 * 31 30 31 30 31 | 31 30 31 30 31 | 31 28 follow the rule (153 m + 2) / 5. The calendar repeats
 * every 400 years, an era of 146,097 days.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    DAY = 86400,
    ERA_YEARS = 400,
    ERA_DAYS = 146097,
    DAYS_TO_1970 = 719468, /* from 1 March of year 0 */
};

static int is_leap(long year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static long floor_div(long a, long b)
{
    return a / b - (a % b < 0);
}

/* Days since 1 January 1970; month 0 is January, and any month or day is allowed. */
static long days_from_date(long year, long month, long day)
{
    year += floor_div(month, 12);
    month -= floor_div(month, 12) * 12;
    long march = (month + 10) % 12; /* months since March */
    if (month < 2)
        year--;
    long era = floor_div(year, ERA_YEARS), of_era = year - era * ERA_YEARS;
    long of_year = (153 * march + 2) / 5 + day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

static void date_from_days(long days, struct tm *tm)
{
    tm->tm_wday = (int)((days % 7 + 11) % 7); /* 1 January 1970 was a Thursday */
    days += DAYS_TO_1970;
    long era = floor_div(days, ERA_DAYS), of_era = days - era * ERA_DAYS;
    long year = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
    long of_year = of_era - (365 * year + year / 4 - year / 100);
    long march = (5 * of_year + 2) / 153;
    tm->tm_mday = (int)(of_year - (153 * march + 2) / 5 + 1);
    tm->tm_mon = (int)((march + 2) % 12);
    year += era * ERA_YEARS + (tm->tm_mon < 2);
    tm->tm_year = (int)(year - 1900);
    int before_march = 59 + is_leap(year);
    tm->tm_yday = (int)(tm->tm_mon < 2 ? of_year - 306 : of_year + before_march);
}

struct tm *gmtime_r(const time_t *restrict t, struct tm *restrict tm)
{
    long days = floor_div(*t, DAY);
    int second = (int)(*t - days * DAY);
    memset(tm, 0, sizeof(*tm));
    date_from_days(days, tm);
    tm->tm_hour = second / 3600;
    tm->tm_min = second / 60 % 60;
    tm->tm_sec = second % 60;
    return tm;
}

struct tm *gmtime(const time_t *t)
{
    static struct tm tm;
    return gmtime_r(t, &tm);
}

struct tm *localtime_r(const time_t *restrict t, struct tm *restrict tm)
{
    return gmtime_r(t, tm);
}

struct tm *localtime(const time_t *t)
{
    return gmtime(t);
}

time_t mktime(struct tm *tm)
{
    time_t t = days_from_date(tm->tm_year + 1900L, tm->tm_mon, tm->tm_mday) * DAY +
               tm->tm_hour * 3600L + tm->tm_min * 60L + tm->tm_sec;
    gmtime_r(&t, tm);
    return t;
}

static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

static int format_one(char *out, size_t size, char letter, const struct tm *tm)
{
    switch (letter) {
    case 'a': return snprintf(out, size, "%.3s", days[tm->tm_wday]);
    case 'A': return snprintf(out, size, "%s", days[tm->tm_wday]);
    case 'b': return snprintf(out, size, "%.3s", months[tm->tm_mon]);
    case 'B': return snprintf(out, size, "%s", months[tm->tm_mon]);
    case 'd': return snprintf(out, size, "%02d", tm->tm_mday);
    case 'e': return snprintf(out, size, "%2d", tm->tm_mday);
    case 'F':
        return snprintf(out, size, "%d-%02d-%02d", tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
    case 'H': return snprintf(out, size, "%02d", tm->tm_hour);
    case 'j': return snprintf(out, size, "%03d", tm->tm_yday + 1);
    case 'm': return snprintf(out, size, "%02d", tm->tm_mon + 1);
    case 'M': return snprintf(out, size, "%02d", tm->tm_min);
    case 'S': return snprintf(out, size, "%02d", tm->tm_sec);
    case 'T': return snprintf(out, size, "%02d:%02d:%02d", tm->tm_hour, tm->tm_min, tm->tm_sec);
    case 'Y': return snprintf(out, size, "%d", tm->tm_year + 1900);
    case 'Z': return snprintf(out, size, "UTC");
    default: return snprintf(out, size, "%c", letter);
    }
}

size_t strftime(char *restrict s, size_t size, const char *restrict fmt,
                const struct tm *restrict tm)
{
    size_t n = 0;
    for (; *fmt != '\0'; fmt++) {
        if (n + 1 >= size)
            return 0;
        if (*fmt != '%' || fmt[1] == '\0') {
            s[n++] = *fmt;
            continue;
        }
        n += format_one(s + n, size - n, *++fmt, tm);
    }
    if (n >= size)
        return 0;
    s[n] = '\0';
    return n;
}
