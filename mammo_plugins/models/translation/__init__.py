"""Translation of images between vendors' styles, without pairs."""

from .cycle_gan import CycleGAN
from .image_pool import ImagePool
from .patch_discriminator import PatchDiscriminator
from .resnet_generator import ResNetGenerator

__all__ = ['CycleGAN', 'ImagePool', 'PatchDiscriminator', 'ResNetGenerator']
