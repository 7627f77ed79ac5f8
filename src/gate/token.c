#include "gate/token.h"
