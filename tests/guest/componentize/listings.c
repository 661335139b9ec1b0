/* Lists directories to the end, again, from the middle, and two at once. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

static int rest(DIR *of) {
    int count = 0;
    while (readdir(of)) count++;
    return count;
}

int main(void) {
    DIR *many = opendir("/many"), *few = opendir("/few");
    char name[256];
    for (struct dirent *entry; (entry = readdir(many));) printf("%s\n", entry->d_name);
    rewinddir(many);
    for (int i = 0; i < 1000; i++) readdir(many);
    const long place = telldir(many);
    strcpy(name, readdir(many)->d_name);
    fprintf(stderr, "%d", rest(many));
    seekdir(many, place);
    fprintf(stderr, " %d", strcmp(name, readdir(many)->d_name));
    fprintf(stderr, " %d", rest(many));
    rewinddir(many);
    int both = 0;
    while (readdir(many)) both += readdir(few) != NULL;
    fprintf(stderr, " %d", both);
    closedir(few);
    closedir(many);
    many = opendir("/many");
    fprintf(stderr, " %d\n", rest(many));
    return closedir(many);
}
