.section .text
.globl _start
_start: .byte 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16
.section .rodata
.byte 0xaa,0xbb,0xcc,0xdd
.section .reference,"aw"
.zero 32
