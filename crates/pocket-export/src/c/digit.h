/* A handwritten digit, read with integers alone. C99; needs nothing but stdint.h; allocates nothing. */
#ifndef DIGIT_H
#define DIGIT_H

#include <stdint.h>

/* Height and width of an image, in pixels. */
#define DIGIT_SIDE 28

/* The digits 0 to 9. */
#define DIGIT_CLASSES 10

/* The score that stands for a logit of 1. */
#define DIGIT_SCORE_ONE @ONE@

#ifdef __cplusplus
extern "C" {
#endif

/* The digit that an image most probably shows. The image is row by row, as MNIST's are: 0 is background, 255 is full ink, the digit
 * within 20x20 pixels and centred by its mass. Writes a score for each digit: its logit times DIGIT_SCORE_ONE.
 * Works in a static buffer: not to be called again before it returns. */
int digit_predict(const uint8_t image[DIGIT_SIDE * DIGIT_SIDE], int32_t scores[DIGIT_CLASSES]);

#ifdef __cplusplus
}
#endif

#endif
