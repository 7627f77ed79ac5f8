#include "gate/jwe.h"
