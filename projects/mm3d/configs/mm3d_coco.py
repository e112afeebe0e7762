# Fig. 6: Sparse R-CNN's COCO weights in place of FFDM weights; tools/convert_checkpoint.py makes the file.
_base_ = './mm3d_r50.py'
load_from = 'checkpoints/sparse_rcnn_coco.pth'
