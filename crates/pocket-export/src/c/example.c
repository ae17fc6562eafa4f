/* Reads images of 28x28 bytes from standard input, one after the other. Prints a line for each: the digit, and ten scores.
 *
 *     cc -std=c99 -Os digit.c example.c -o example
 *     ./example < images
 */
#include <stdio.h>

#include "digit.h"

int main(void)
{
    static uint8_t image[DIGIT_SIDE * DIGIT_SIDE];
    while (fread(image, 1, sizeof image, stdin) == sizeof image) {
        int32_t scores[DIGIT_CLASSES];
        int digit = digit_predict(image, scores);
        int index;
        printf("%d:", digit);
        for (index = 0; index < DIGIT_CLASSES; ++index) {
            printf(" %ld", (long)scores[index]);
        }
        printf("\n");
    }
    return 0;
}
