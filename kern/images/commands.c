/* Finding the commands that bootargs name. */
#include "kern/images/commands.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/power.h"

#define STATUS_UNKNOWN 2 /* of the machine, for a command that there is not */

void commands_refuse(const char *image, const struct command *commands, size_t ncommands,
                     const char *word)
{
    printk("%s: there is no command %s with that many words. There are:", image, word);
    for (size_t i = 0; i < ncommands; i++)
        printk(" %s", commands[i].name);
    printk("\n");
    power_off(STATUS_UNKNOWN);
}

void commands_run(const char *image, const struct command *commands, size_t ncommands, char **words,
                  int n)
{
    while (n > 0) {
        const struct command *command = commands, *end = commands + ncommands;
        while (command < end && (strcmp(words[0], command->name) != 0 || command->nwords >= n))
            command++;
        if (command == end)
            commands_refuse(image, commands, ncommands, words[0]);
        command->run(words + 1);
        words += 1 + command->nwords;
        n -= 1 + command->nwords;
    }
}

uint64_t parse_number(const char *text)
{
    uint64_t value = 0, base = 10;
    if (strncmp(text, "0x", 2) == 0) {
        base = 16;
        text += 2;
    }
    for (; *text; text++)
        value = value * base + (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return value;
}
